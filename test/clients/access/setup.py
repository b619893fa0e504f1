"""Makes the users and vhosts of refusals.py on a RabbitMQ, or takes them away: `setup.py delete`.

HTTP_PORT says where its management API is; guest administers.
"""

import base64
import json
import os
import sys
import urllib.request

API = f"http://127.0.0.1:{os.environ['HTTP_PORT']}/api/"
TOKEN = base64.b64encode(b"guest:guest").decode()
ALL = {"configure": ".*", "write": ".*", "read": ".*"}
VHOSTS = ("access_v", "access_none", "access_none_in")
USERS = ("all", "blank", "unconnected", "unchannelled", "topical", "little")


def ask(method, path, body=None):
    request = urllib.request.Request(
        API + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Basic {TOKEN}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request):
        pass


def make():
    for vhost in VHOSTS:
        ask("PUT", f"vhosts/{vhost}", {})
    for user in USERS:
        name = f"access_{user}"
        ask("PUT", f"users/{name}", {"password": "" if user == "blank" else name, "tags": ""})
        little = {"configure": "^own", "write": "^nothing$", "read": "^nothing$"}
        permissions = little if user == "little" else ALL
        ask("PUT", f"permissions/access_v/{name}", permissions)
    ask("PUT", "permissions/access_none_in/access_all", ALL)
    ask("PUT", "vhost-limits/access_none_in/max-connections", {"value": 0})
    ask("PUT", "vhost-limits/access_v/max-queues", {"value": 1})
    ask("PUT", "user-limits/access_unconnected/max-connections", {"value": 0})
    ask("PUT", "user-limits/access_unchannelled/max-channels", {"value": 1})
    topic = {"exchange": "amq.topic", "write": "^a", "read": "^b"}
    ask("PUT", "topic-permissions/access_v/access_topical", topic)


def delete():
    for vhost in VHOSTS:
        ask("DELETE", f"vhosts/{vhost}")
    for user in USERS:
        ask("DELETE", f"users/access_{user}")


if sys.argv[1:] == ["delete"]:
    delete()
else:
    make()
