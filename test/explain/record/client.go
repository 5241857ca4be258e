// Signs and sends one request as Go programs do. Its argument is JSON. Prints what was signed.
package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

func main() {
	var given struct{ Mode, Url, Key, Id, Method string }
	json.Unmarshal([]byte(os.Args[1]), &given)
	u, _ := url.Parse(given.Url)
	method := given.Method
	if method == "" {
		method = "GET"
	}
	ts, nonce := fmt.Sprint(time.Now().Unix()), fmt.Sprint(time.Now().UnixNano()%1000000)
	target, host, port, key := u.RequestURI(), u.Hostname(), u.Port(), []byte(given.Key)
	if port == "" {
		port = "80"
	}
	signed, hasher, end := method, sha256.New, "\n"
	encode := base64.StdEncoding.EncodeToString
	send := method
	switch given.Mode {
	case "path":
		target = u.Path
	case "decoded-path":
		target = u.Path + "?" + u.RawQuery
	case "query-encode":
		target = u.EscapedPath() + "?" + u.Query().Encode()
	case "clean":
		target = path.Clean(u.EscapedPath())
		if u.RawQuery != "" {
			target += "?" + u.RawQuery
		}
	case "host":
		host = u.Host
	case "port":
		port = u.Port()
	case "string":
		target = u.String()
	case "hex":
		encode = hex.EncodeToString
	case "raw":
		encode = base64.RawStdEncoding.EncodeToString
	case "sha1":
		hasher = func() hash.Hash { return sha1.New() }
	case "decode":
		key, _ = base64.StdEncoding.DecodeString(given.Key)
	case "raw-url-key":
		key, _ = base64.RawURLEncoding.DecodeString(strings.TrimRight(given.Key, "="))
	case "hex-key":
		key, _ = hex.DecodeString(given.Key)
	case "file":
		key = append(key, '\n')
	case "join":
		end = ""
	case "milli":
		ts = fmt.Sprint(time.Now().UnixMilli())
	case "nano":
		ts = fmt.Sprint(time.Now().UnixNano())
	case "rfc3339":
		ts = time.Now().UTC().Format(time.RFC3339)
	case "empty-method":
		signed = ""
	case "quoted":
		key = []byte(fmt.Sprintf("%q", given.Key))
	case "right":
	default:
		panic(given.Mode)
	}
	mac := hmac.New(hasher, key)
	mac.Write([]byte(strings.Join([]string{ts, nonce, signed, target, host, port, ""}, "\n") + end))
	request, _ := http.NewRequest(send, given.Url, nil)
	request.Header.Set("Authorization", fmt.Sprintf(`MAC id="%s", ts="%s", nonce="%s", mac="%s"`, given.Id, ts, nonce, encode(mac.Sum(nil))))
	http.DefaultClient.Do(request)
	runes := make([]rune, len(key))
	for at, each := range key {
		runes[at] = rune(each)
	}
	out, _ := json.Marshal(map[string]string{"method": signed, "target": target, "host": host, "port": port, "ext": "", "key": string(runes)})
	fmt.Println(string(out))
}
