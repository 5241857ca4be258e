"""OAuth2Session of requests-oauthlib. Its argument is the certificate to trust."""

import sys

import oauthlib
import requests_oauthlib
from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

from relayed import answer_requests


class DraftOneClient(WebApplicationClient):
    def add_token(self, *details, **options):
        return super().add_token(*details, draft=1, **options)


def send(request):
    is_bearer = request.get("bearer", False)
    token = {
        "access_token": request["id"],
        "token_type": "bearer" if is_bearer else "mac",
        "mac_key": request["key"],
        "mac_algorithm": request["algorithm"],
    }
    is_default = is_bearer or request.get("draft") == 0
    kind = WebApplicationClient if is_default else DraftOneClient
    session = OAuth2Session(client=kind("client", token=token), token=token)
    answer = session.request(
        request["method"],
        request["url"],
        params=request.get("params"),
        data=request.get("body"),
        headers=request.get("headers"),
        verify=sys.argv[1],
    )
    return answer.status_code


answer_requests(
    {
        "name": "requests-oauthlib",
        "version": requests_oauthlib.__version__,
        "with": f"oauthlib {oauthlib.__version__}",
    },
    send,
)
