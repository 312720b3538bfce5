"""What the tokens of providers look like: the tables, and nothing that reads them.

Every token has a run of at least `SHORTEST_RUN` letters, digits, `_` and `-`, and no letter or
digit in front of it. To add a provider: one line; a group in its pattern is the secret itself.
"""

from __future__ import annotations

SHORTEST_RUN = 15

# The first three characters of the token, up to its first `_` or `-` → the pattern. That word lies
# in the long run itself.
BY_HEAD = {
    "AKI ASI ABI ACC": r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16,}",  # AWS
    "IQo": r"IQoJb3JpZ2lu[\w+/=%-]{40,}",  # AWS session
    "Fwo": r"FwoGZXIvYXdz[\w+/=%-]{40,}",
    "LTA": r"LTAI[A-Za-z0-9]{12,}",  # Alibaba
    "ghp gho ghs ghu ghr": r"gh[pousr]_[A-Za-z0-9]{12,}",
    "git": r"github_pat_\w{20,}",
    "glp gld glr glc gla glo gls gli glf": r"gl[a-z]{1,5}-[\w.-]{16,}",  # GitLab
    "gls": r"glsa_\w{20,}",  # Grafana
    "glc": r"glc_[\w+/=]{20,}",
    "xox": r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}",  # Slack
    "xap": r"xapp-[\w-]{10,}",
    "sk rk": r"[sr]k_(?:live|test)_\w{10,}",  # Stripe
    "whs": r"whsec_[\w+/=-]{12,}",
    "AIz": r"AIza[\w-]{30,}",  # Google
    "GOC": r"GOCSPX-[\w-]{16,}",
    "npm": r"npm_[A-Za-z0-9]{30,}",
    "pyp": r"pypi-A[\w-]{20,}",
    "rub": r"rubygems_[a-f0-9]{30,}",
    "oy2": r"oy2[a-z0-9]{43}(?![\w-])",  # NuGet
    "dck": r"dckr_[op]at_[\w-]{16,}",
    "eyJ": r"eyJ[\w-]{8,}(?:\.[\w-]+){1,4}\.?",  # JWT, JWE
    "hf": r"hf_[A-Za-z0-9]{20,}",
    "sk": r"sk-(?:(?:proj|svcacct|admin|None|ant|or|lf)-[\w-]{12,}|[A-Za-z0-9]{20,})",
    "gsk": r"gsk_[A-Za-z0-9]{20,}",
    "xai": r"xai-[A-Za-z0-9]{30,}",
    "ppl": r"pplx-[A-Za-z0-9]{20,}",
    "r8": r"r8_[A-Za-z0-9]{30,}",
    "dop doo dor": r"do[opr]_v1_[a-f0-9]{30,}",  # DigitalOcean
    "key": r"key-[0-9a-f]{32}(?![\w-])",  # Mailgun
    "AGE": r"AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{20,}",
    "shp": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{30,}",  # Shopify
    "sq0": r"sq0[a-z]{3}-[\w-]{20,}",  # Square
    "dap": r"dapi[0-9a-f]{32}(?:-\d)?(?![\w-])",  # Databricks
    "lin": r"lin_(?:api|oauth)_\w{20,}",
    "ntn": r"ntn_[A-Za-z0-9]{30,}",  # Notion
    "sec": r"secret_[A-Za-z0-9]{40,}",
    "PMA": r"PMAK-[a-f0-9-]{30,}",  # Postman
    "NRA": r"NRAK-[A-Z0-9]{20,}",  # New Relic
    "HRK": r"HRKU-[\w-]{20,}",  # Heroku
    "fo1": r"fo1_[\w-]{20,}",  # Fly
    "fm2": r"fm2_[\w+/=,-]{20,}",
    "sbp": r"sbp_[a-f0-9]{30,}",  # Supabase
    "psc": r"pscale_(?:tkn|pw|oauth)_[\w.-]{16,}",
    "ATA": r"ATATT3[\w=-]{30,}",  # Atlassian
    "nfp": r"nfp_[A-Za-z0-9]{30,}",  # Netlify
    "pul": r"pul-[a-f0-9]{40}(?![\w-])",
    "snt": r"sntry[su]_[\w+/=-]{20,}",
    "tsk": r"tskey-[a-z]+-[\w-]{15,}",
    "bku": r"bkua_[a-f0-9]{30,}",  # Buildkite
    "CCI": r"CCIPAT_\w{20,}",
    "ops": r"ops_eyJ[\w+/=-]{40,}",  # 1Password
    "pat": r"pat[A-Za-z0-9]{14}\.[a-f0-9]{60,}",  # Airtable
    # base64 of "-----BEGIN", but of no certificate and no public key
    "LS0": r"LS0tLS1CRUdJTi(?!BDRVJU|BQVUJM)[A-Za-z0-9+/]{16,}={0,2}",
}

# A literal that is in every token, where a head would not do → the pattern.
BY_LITERAL = {
    "ya29.": r"ya29\.[\w.-]{16,}",  # Google
    "1//0": r"1//0[\w-]{30,}",
    "SG.": r"SG\.[\w-]{15,}\.[\w-]{15,}",  # SendGrid
    "hvs.": r"hvs\.[\w-]{20,}",  # Vault
    "hvb.": r"hvb\.[\w-]{20,}",
    ".atlasv1.": r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}",  # Terraform
    "dp.": r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}",  # Doppler
    "SK": r"SK[0-9a-f]{32}(?![\w-])",  # Twilio
    "-us": r"[0-9a-f]{32}-us\d{1,2}(?![\w-])",  # Mailchimp
    "8Q~": r"[\w~.-]{3}8Q~[\w~.-]{30,}",  # Azure
    ":AA": r"(?:bot)?\d{6,12}:AA[\w-]{30,}",  # Telegram
    "hooks.slack.com/": r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/+-]{16,})",
    "/api/webhooks/": r"discord(?:app)?\.com/api/webhooks/(\d+/[\w-]{16,})",
    "/webhookb2/": r"webhook\.office\.com/webhookb2/([\w@/-]{16,})",
}
AWS_PAIR = r"A(?:KIA|SIA)[A-Z0-9]{16}[^A-Za-z0-9/+]{1,8}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"
