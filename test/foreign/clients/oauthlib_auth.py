"""oauthlib signs what requests is about to send. Its argument is the certificate to trust."""

import sys
from datetime import datetime

import oauthlib
import requests
from oauthlib.oauth2.rfc6749.tokens import prepare_mac_header

from relayed import answer_requests


class MacAuth(requests.auth.AuthBase):
    def __init__(self, key_id, key, algorithm="hmac-sha-256"):
        self.credential = key_id, key, algorithm

    def __call__(self, request):
        key_id, key, algorithm = self.credential
        request.headers.update(
            prepare_mac_header(
                key_id, request.url, key, request.method, hash_algorithm=algorithm, draft=1
            )
        )
        return request


def send(request):
    by_hand = request.get("sign")
    if by_hand is not None:
        return send_by_hand(request, by_hand)
    answer = requests.request(
        request["method"],
        request["url"],
        params=request.get("params"),
        data=request.get("body"),
        headers=request.get("headers"),
        auth=MacAuth(request["id"], request["key"], request["algorithm"]),
        verify=sys.argv[1],
    )
    return answer.status_code


def send_by_hand(request, signed):
    method, url, body = request["method"], request["url"], request.get("body")
    headers = prepare_mac_header(
        request["id"],
        signed.get("url", url),
        request["key"],
        signed.get("method", method),
        ext=signed.get("ext", ""),
        hash_algorithm=request["algorithm"],
        body=body,
        issue_time=datetime.now(),
        draft=signed.get("draft", 1),
    )
    if "ext" in signed:
        headers["Authorization"] = headers["Authorization"].replace(f'ext="{signed["ext"]}", ', "")
    return requests.request(method, url, data=body, headers=headers).status_code


answer_requests(
    {
        "name": "oauthlib",
        "version": oauthlib.__version__,
        "with": f"requests {requests.__version__}",
    },
    send,
)
