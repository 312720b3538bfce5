"""Planted secrets, each of another kind in another place, and ordinary lines that must stay.

`CANARIES` can be planted in a real run: with `ENVIRONMENT` in its environment, each `text` goes to
its `place`, and none of its `forbidden` bytes may be in anything that was written. No token stands
here as it is: each is made of its prefix and letters that follow from its name, so that no scanner
of repositories takes one for real.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Literal, NamedTuple
from urllib.parse import quote, quote_plus

Place = Literal["argv", "environment", "stdout", "stderr", "step", "message", "url"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Canary(NamedTuple):
    """`text`: for argv a shell's command line, for the environment `KEY=VALUE`, else the words."""

    name: str
    place: Place
    text: str
    forbidden: tuple[bytes, ...]


def filler(name: str, size: int, letters: str = _LETTERS) -> str:
    """`size` letters that follow from `name`; upper, lower and digits among the first three."""
    digest = hashlib.shake_256(name.encode()).digest(size)
    body = "".join(letters[byte % len(letters)] for byte in digest)
    return (body if letters != _LETTERS else "Q7x" + body[3:])[:size]


def hexes(name: str, size: int) -> str:
    """`size` hex digits that follow from `name`."""
    return filler(name, size, "0123456789abcdef")


def _canary(name: str, place: Place, text: str, secret: str | None = None) -> Canary:
    """`§` in the text stands for the secret, by default some letters of its own."""
    secret = secret if secret is not None else f"cnry-{filler(name, 14)}"
    return Canary(name, place, text.replace("§", secret), (secret.encode(),))


# --- known values, in every form ---------------------------------------------------------------

ODD_SECRET = 'Zq/7 "x"&y+é\\w%k<1>'
LONG_SECRET = filler("long", 40)
PLAIN_SECRET = filler("plain", 16)
URL_SECRET = filler("url secret", 12)
NAMED_SECRET = "k3nn"  # of a variable whose name says nothing, for --redact-value-from
ENVIRONMENT: tuple[bytes, ...] = (
    b"ODD_PASSWORD=" + ODD_SECRET.encode(),
    b"DEPLOY_TOKEN=" + LONG_SECRET.encode(),
    b"dbPassword=" + PLAIN_SECRET.encode(),
    b"DATABASE_URL=postgres://app:" + URL_SECRET.encode() + b"@db.internal/app",
    b"GREETING=" + NAMED_SECRET.encode(),
    b"XDG_SESSION_ID=session-of-the-desktop",
    b"PATH=/usr/local/bin:/usr/bin",
    b"API_TOKEN_FILE=/run/secrets/api_token",
)
VALUE_FROM = ("GREETING",)


def _in_base64(secret: str, before: int, *, urlsafe: bool = False) -> str:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    return encode(b"u:x"[:before] + secret.encode() + b"!tail").decode()


def _known(name: str, place: Place, form: str, *, around: str = "got §, going on") -> Canary:
    """A canary whose form (without what base64 shares with its neighbours) must not appear."""
    core = form[4:-8].encode() if "base64" in name else form.encode()
    return Canary(name, place, around.replace("§", form), (core,))


_KNOWN = (
    _known("raw value", "stdout", LONG_SECRET),
    _known("raw value in a step", "step", PLAIN_SECRET, around="deploy with §"),
    _known("raw odd value", "stderr", ODD_SECRET),
    _known("password of a URL in the environment", "message", URL_SECRET),
    _known("value from a named variable", "stdout", NAMED_SECRET, around="say § twice"),
    _known("URL-encoded", "url", quote(ODD_SECRET, safe=""), around="https://x.test/a?b=§&c=1"),
    _known("URL-encoded, slash kept", "url", quote(ODD_SECRET), around="https://x.test/§"),
    _known("form-encoded", "stdout", quote_plus(ODD_SECRET), around="a=1&b=§"),
    _known(
        "URL-encoded, lower hex",
        "stdout",
        quote(ODD_SECRET, safe="")
        .replace("%C3%A9", "%c3%a9")
        .replace("%2F", "%2f")
        .replace("%2B", "%2b")
        .replace("%5C", "%5c")
        .replace("%3C", "%3c")
        .replace("%3E", "%3e"),
    ),
    _known("in JSON", "stdout", json.dumps(ODD_SECRET)[1:-1], around='{"note": "§"}'),
    _known("in JSON, UTF-8", "stderr", json.dumps(ODD_SECRET, ensure_ascii=False)[1:-1]),
    _known("in JSON in JSON", "message", json.dumps(json.dumps(ODD_SECRET))[3:-3]),
    _known("base64 at 0", "stdout", _in_base64(LONG_SECRET, 0)),
    _known("base64 at 1", "stdout", _in_base64(LONG_SECRET, 1)),
    _known("base64 at 2", "stderr", _in_base64(LONG_SECRET, 2)),
    _known("base64 of the odd one, URL-safe", "url", _in_base64(ODD_SECRET, 1, urlsafe=True)),
    _known("shell-quoted", "stderr", 'Zq/7\\ \\"x\\"\\&y+é\\\\w%k\\<1\\>', around="+ echo §"),
)

# --- words of commands -------------------------------------------------------------------------

_ARGV = (
    _canary("option and word", "argv", "deploy --password '§ and more' --verbose"),
    _canary("option with equals", "argv", "deploy --api-key=§ --dry-run"),
    _canary("one dash", "argv", "java -jar app.jar -storepass §"),
    _canary("mysql -p", "argv", "mysql -u root -p§ shop"),
    _canary("mysqldump by path", "argv", "/usr/bin/mysqldump -p§ --all-databases"),
    _canary("curl -u", "argv", "curl -fsS -u deploy:§ https://x.test/"),
    _canary("curl --user=", "argv", "curl --user=deploy:§ https://x.test/"),
    _canary("curl -H", "argv", "curl -H 'Authorization: Bearer §' https://x.test/"),
    _canary("curl -H odd header", "argv", "curl -H 'X-Auth-Token: §' https://x.test/"),
    _canary("curl -d", "argv", "curl -d 'user=a&password=§&x=1' https://x.test/"),
    _canary("curl -b", "argv", "curl -b 'sid=§' https://x.test/"),
    _canary("docker -e", "argv", "docker run -e 'DB_PASSWORD=§ x' -p 3306:3306 mysql"),
    _canary("docker login", "argv", "docker login -u ci -p § registry.test"),
    _canary("sshpass", "argv", "sshpass -p § ssh host true"),
    _canary("sshpass glued", "argv", "sshpass -p§ ssh host true"),
    _canary("redis-cli", "argv", "redis-cli -h cache -a § ping"),
    _canary("inline variable", "argv", "env PGPASSWORD=§ psql -h db"),
    _canary("inside sh -c", "argv", "sh -c 'PGPASSWORD=§ psql -h db'"),
    _canary("curl, combined switches", "argv", "curl -fsSu deploy:§ https://x.test/"),
    _canary("command in a command", "argv", "docker exec db sh -c 'mysql -uroot -p§ -e 1'"),
    _canary("from literal", "argv", "kubectl create secret generic x --from-literal=user=§"),
    _canary("htpasswd", "argv", "htpasswd -nbB admin §"),
    _canary("openssl", "argv", "openssl enc -aes-256-cbc -pass pass:§ -in a"),
    _canary("ldap", "argv", "ldapsearch -D cn=admin -w § -b dc=test"),
    _canary("set a secret setting", "argv", "aws configure set aws_secret_access_key §"),
    _canary("word after a key", "argv", "rclone config create r s3 secret_access_key §"),
    _canary("helm --set", "argv", "helm upgrade app ./chart --set auth.rootPassword=§"),
    _canary("user info in argv", "argv", "git clone https://ci:§@git.test/x.git"),
    _canary("user info with signs", "argv", "psql 'postgres://u:§@db/x'", "p@s#" + filler("at", 9)),
)  # fmt: skip

# --- text --------------------------------------------------------------------------------------

_TEXT = (
    _canary("key=value", "stdout", "connecting with password=§ timeout=5"),
    _canary("trace of a shell", "stderr", "+ DB_PASSWORD='§ x'"),
    _canary("trace of mysql", "stderr", "++ mysql -uroot -p§ -e 'select 1'"),
    _canary("export", "stdout", "declare -x GH_TOKEN=\"§\""),
    _canary("key: value", "stdout", "  db_password: § with blanks"),
    _canary("mixed case", "stderr", "Client-Secret = §"),
    _canary("camelCase", "stdout", "{clientSecret: '§'}"),
    _canary("spoken key", "message", "API key: §"),
    _canary("spoken is", "message", "the password is '§', change it"),
    _canary("JSON", "stdout", '{"user": "bob", "password": "§", "n": 1}'),
    _canary("JSON nested", "stdout", '{"db": {"auth": {"accessToken":"§"}}}'),
    _canary("JSON with a quote in it", "stdout", '{"password": "a\\"§", "x": 1}'),
    _canary("JSON in JSON", "stderr", '{"body": "{\\"api_key\\":\\"§\\"}"}'),
    _canary("JSON list", "stdout", '{"tokens": ["§", "b"]}'),
    _canary("JSON name and value", "stdout", '{"name": "DB_PASSWORD", "value": "§"}'),
    _canary("Python's repr", "stderr", "{'secret_key': b'§', 'debug': True}"),
    _canary("printed argv", "stdout", "['deploy', '--token', '§']"),
    _canary("Terraform", "stdout", '  ~ password = "old-one-1" -> "§"'),
    _canary("INI", "stdout", "aws_secret_access_key = §", filler("aws", 38) + "/+"),
    _canary("properties", "stdout", "spring.datasource.password=§"),
    _canary("XML", "stdout", "<server><password>§ x</password></server>"),
    _canary("connection string", "stdout", "Server=db;User Id=sa;Password=§;Encrypt=yes"),
    _canary("Azure storage", "stdout", "AccountName=x;AccountKey=§==;EndpointSuffix=y"),
    _canary("header", "stderr", "> Authorization: Basic §", filler("basic", 24)),
    _canary("header of several words", "stderr", "< Set-Cookie: a=b; session=§; Path=/"),
    _canary("bearer alone", "message", "retrying with Bearer §", filler("bearer", 30)),
    _canary("coloured key", "stdout", "\x1b[1mpassword\x1b[0m: \x1b[31m§\x1b[0m"),
    _canary("npmrc", "stdout", "//registry.npmjs.org/:_authToken=§"),
    _canary("SQL", "stdout", "CREATE USER a IDENTIFIED BY '§';"),
    _canary("SQL password", "stderr", "ALTER ROLE a WITH ENCRYPTED PASSWORD '§';"),
    _canary("in a step's name", "step", "login --password § as root"),
    _canary("query of a URL", "url", "https://x.test/cb?access_token=§&state=1"),
    _canary("user info", "url", "amqp://app:§@mq.test:5672/vhost"),
    _canary("token as a user", "url", "https://§@git.test/x.git", hexes("lone", 40)),
    _canary("shared access", "url", "https://x.test/c?sv=1&sig=§&se=2", filler("sas", 43) + "%3D"),
    _canary("presigned", "url", "https://s3.test/k?X-Amz-Signature=§", hexes("presigned", 64)),
    _canary("YAML of a container", "stdout", "- name: DB_PASSWORD\n  value: §\n- a: b"),
    _canary("pretty JSON", "stdout", '{\n"name": "API_TOKEN",\n"value": "§"\n},'),
    _canary("YAML block", "stdout", "  password: |\n    §\n  next: 1"),
    _canary("call", "stderr", "setenv('TOKEN', '§')"),
    _canary("index", "stdout", 'os.environ["API_TOKEN"] = "§"'),
    _canary("netrc", "stdout", "machine h login u password §"),
    _canary("piped to stdin", "stdout", "echo § | docker login --password-stdin -u ci"),
    _canary("chpasswd", "stderr", "echo 'root:§' | chpasswd"),
)  # fmt: skip

# --- tokens that nothing but their own look gives away -------------------------------------------

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_PREFIXED = (
    ("AWS key", "AKIA" + filler("akia", 16, _UPPER)),
    ("AWS temporary key", "ASIA" + filler("asia", 16, _UPPER)),
    ("GitHub", "ghp_" + filler("ghp", 36)),
    ("GitHub app", "ghs_" + filler("ghs", 36)),
    ("GitHub fine-grained", "github_pat_" + filler("pat", 22) + "_" + filler("pat2", 59)),
    ("GitLab", "glpat-" + filler("glpat", 20)),
    ("GitLab runner", "glrt-" + filler("glrt", 20)),
    ("Slack", "xoxb-" + filler("xox", 12, "0123456789") + "-" + filler("xoxb", 24)),
    ("Slack app", "xapp-1-" + filler("xapp", 40)),
    ("Stripe", "sk_live_" + filler("stripe", 24)),
    ("Stripe webhook", "whsec_" + filler("whsec", 32)),
    ("Google", "AIza" + filler("google", 35)),
    ("Google OAuth", "ya29." + filler("ya29", 60)),
    ("npm", "npm_" + filler("npm", 36)),
    ("PyPI", "pypi-AgEIcHlwaS5vcmc" + filler("pypi", 60)),
    ("JWT", f"eyJ{filler('j1', 20)}.eyJ{filler('j2', 40)}.{filler('j3', 43)}"),
    ("Hugging Face", "hf_" + filler("hf", 34)),
    ("OpenAI", "sk-proj-" + filler("openai", 48)),
    ("OpenAI, old", "sk-" + filler("openai old", 48)),
    ("Anthropic", "sk-ant-api03-" + filler("anthropic", 60)),
    ("DigitalOcean", "dop_v1_" + hexes("dop", 64)),
    ("SendGrid", f"SG.{filler('sg', 22)}.{filler('sg2', 43)}"),
    ("Twilio", "SK" + hexes("twilio", 32)),
    ("Vault", "hvs." + filler("vault", 90)),
    ("age", "AGE-SECRET-KEY-1" + filler("age", 58, _UPPER)),
    ("Docker Hub", "dckr_pat_" + filler("dckr", 27)),
    ("Databricks", "dapi" + hexes("dapi", 32)),
    ("Telegram", "123456789:AA" + filler("telegram", 33)),
    ("Mailgun", "key-" + hexes("mailgun", 32)),
    ("Shopify", "shpat_" + hexes("shopify", 32)),
    ("Grafana", "glsa_" + filler("glsa", 32) + "_1a2b3c4d"),
    ("Tailscale", "tskey-auth-" + filler("ts", 14) + "-" + filler("ts2", 32)),
    ("Slack webhook", filler("T", 9) + "/" + filler("B", 9) + "/" + filler("hook", 24)),
)


def _prefixed(name: str, token: str, place: Place) -> Canary:
    around = "https://hooks.slack.com/services/§" if name == "Slack webhook" else "using § now"
    return _canary(name, place, around, token)


_PLACES: tuple[Place, ...] = ("stdout", "stderr", "message", "step")
_TOKENS = tuple(
    _prefixed(name, token, _PLACES[at % len(_PLACES)]) for at, (name, token) in enumerate(_PREFIXED)
)

# --- private keys ------------------------------------------------------------------------------


def pem(
    kind: str, *, lines: int = 5, newline: str = "\n", indent: str = ""
) -> tuple[str, list[str]]:
    """A private key that is none, and the lines of its body; the last one is short."""
    body = [filler(f"{kind} {number}", 64) for number in range(lines)]
    body.append(filler(f"{kind} last", 18) + "==")
    marked = [f"-----BEGIN {kind}PRIVATE KEY-----", *body, f"-----END {kind}PRIVATE KEY-----"]
    return newline.join(indent + line for line in marked), body


def _pem(name: str, place: Place, kind: str, around: str = "§", *, newline: str = "\n",
         indent: str = "") -> Canary:  # fmt: skip
    text, body = pem(kind, newline=newline, indent=indent)
    return Canary(name, place, around.replace("§", text), tuple(line.encode() for line in body))


_KEYS = (
    _pem("RSA key", "stdout", "RSA ", "cat key.pem\n§\ndone, all well"),
    _pem("key with CRLF", "stdout", "", "§\r\nok.", newline="\r\n"),
    _pem("indented key", "stderr", "EC ", "key.pem: |\n§\nnext: 1", indent="    "),
    _pem("key behind a prefix", "stdout", "OPENSSH ", "§\nweb_1  | up.", indent="web_1  | "),
    _pem("key in JSON", "stdout", "", '{"data": "§\\n"}', newline="\\n"),
    _pem("key in a message", "message", "ENCRYPTED ", "cannot read\n§\nas a key"),
    Canary(
        "key in base64", "stdout", "tls.key: LS0tLS1CRUdJTiBQUklWQVRF" + filler("b64key", 80),
        (filler("b64key", 80).encode(),),
    ),
)  # fmt: skip

_VARIABLES = tuple(
    Canary(
        f"variable {entry.partition(b'=')[0].decode()}", "environment", entry.decode(), (secret,)
    )
    for entry, secret in (
        (ENVIRONMENT[0], ODD_SECRET.encode()),
        (ENVIRONMENT[1], LONG_SECRET.encode()),
        (ENVIRONMENT[2], PLAIN_SECRET.encode()),
        (ENVIRONMENT[3], URL_SECRET.encode()),
    )
)

CANARIES: tuple[Canary, ...] = (*_VARIABLES, *_KNOWN, *_ARGV, *_TEXT, *_TOKENS, *_KEYS)

# --- what a user wants to read -----------------------------------------------------------------

ORDINARY = r"""
step 12345
Deploying service...
2026-10-04T12:00:01.123Z INFO  copying build/app.tar.gz to /srv/app/releases/20261004
[1/7] Building image registry.test/team/auth-service:1.4.2
Successfully tagged my-secret-service:latest
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
Digest: sha256:4bc453b53cb3d914b45f4b250294236adba2c0e09ff6f03793949e7e39fd4cc1
HEAD is now at 3f2a9c1 Fix the token refresh
commit 9fceb02d0ae598e95dc970b74767f19372d61af8
container 4f66ad9a0b2e1c3d5e7f a1b2c3 started
run 0192f1c4-7b3a-7c55-9d0e-1f2a3b4c5d6e done
pod/frontend-7d4b9c6f5d-x2x8z condition met
deployment.apps/token-service configured
secret/db-credentials created
secret "my-tls" deleted
configmap/kube-root-ca.crt unchanged
service/web LoadBalancer 10.0.0.7 <pending> 80:31999/TCP 5m
Mounting secret volume at /run/secrets/app
arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf
arn:aws:iam::123456789012:role/deploy
https://registry.npmjs.org/@scope/pkg/-/pkg-1.2.3.tgz
http://localhost:8080/path@v1.2.3?x=1&y=2
git@github.com:acme/shop.git
ssh://git@git.test:2222/acme/shop.git
Cloning into 'shop'... done.
token_count=5
max_tokens: 4096
prompt_tokens=812 completion_tokens=96 total_tokens=908
"usage": {"input_tokens": 812, "output_tokens": 96}
tokens: 512
PASS: test_login (0.03s)
pass: 12 fail: 0 skip: 3
12 passed, 1 failed in 3.21s
tests/test_password.py::test_reset PASSED [ 50%]
src/auth/token.go:42:7: undefined: Token
password: [REDACTED]
password=******
PASSWORD=$DB_PASSWORD ./deploy.sh
export TOKEN=${GITHUB_TOKEN}
password: ${{ secrets.DB_PASSWORD }}
password_file=/run/secrets/db_password
secretName: my-tls
tokenPath: /var/run/token
secret_name = "prod/db"
password = (sensitive value)
password: ""
"password": null,
"token": true
token: expired
Error: password authentication failed for user "app"
error: invalid password: authentication failed
Enter password:
usage: deploy [--password PASSWORD] [--token TOKEN] HOST
  --password-stdin   take the password from stdin
  --token string   the token to use
mysql -u root -p shop
docker run --name mysql -p 3306:3306 -d mysql:8
docker run -p8080:80 nginx
mkdir -p /srv/app && cp -p a b
ssh -p 2222 host uptime
curl -fsSL https://get.test/install.sh -o install.sh
curl -u "$USER" https://x.test/
Cache restored from key: linux-node-3a5f9c
primary_key: id, foreign_key=user_id
public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBx7f0kq me@host
The key fingerprint is SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDdzE3k1Yp8oEj0cVQ
keyboard: us, key repeat 30
New session 12 of user root.
session opened for user root(uid=0) by (uid=0)
auth: enabled
auth_method: token
cookie_policy: strict
Signature: OK
design: blue-green, signal=SIGTERM
x-request-id: 7f3c1f8e9a0b4c5d8e7f6a5b4c3d2e1f
etag: "5d8c72a5edda8d6a5d8c72a5edda8d6a"
ETA 00:03:12 |#########-------| 56% 1.2MB/s
drwxr-xr-x 2 root root 4096 Oct  4 12:00 credentials
-rw------- 1 root root 1704 Oct  4 12:00 /etc/ssl/private/site.key
Setting up libpam-passwdqc (2.0.3-1) ...
ii  passwd  1:4.13+dfsg1-1  amd64  change and administer password and group data
changed=3 ok=12 unreachable=0 failed=0
TASK [app : Create secret directory] *****
"GET /login?next=%2Fhome HTTP/1.1" 200 512 "-" "Mozilla/5.0"
JWT library loaded, bearer tokens enabled
sk-SK locale installed, task-runner-service-with-long-name ready
UPDATE users SET last_login = now() WHERE id = 7;
GRANT SELECT ON shop.* TO 'app'@'%';
trailer.<token>.cmd is run for <password>
name: db-password
  value: 3
description: |
-----BEGIN CERTIFICATE-----
MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ
-----END CERTIFICATE-----
ghp_ and npm_config_cache are prefixes, AKIA is one too
xn--bcher-kva.example resolves to 203.0.113.7
Ünïcödé ✓ 部署完成 🚀
""".strip("\n").split("\n")
