"""What the tokens of providers look like: the table, and nothing that reads it.

To add a provider: one line, a literal that is in every token of it (the rarer in other text, the
better) and a pattern. A token has a run of at least `SHORTEST_RUN` letters, digits, `_` and `-`.
"""

from __future__ import annotations

SHORTEST_RUN = 15

# literal → pattern; a group, if there is one, is the secret. Nothing alphanumeric stands in front.
PROVIDERS = {
    "AKIA": r"AKIA[A-Z0-9]{16,}",
    "ASIA": r"ASIA[A-Z0-9]{16,}",
    "ABIA": r"ABIA[A-Z0-9]{16,}",
    "ACCA": r"ACCA[A-Z0-9]{16,}",
    "IQoJb3JpZ2lu": r"IQoJb3JpZ2lu[\w+/=%-]{40,}",  # AWS session
    "FwoGZXIvYXdz": r"FwoGZXIvYXdz[\w+/=%-]{40,}",
    "LTAI": r"LTAI[A-Za-z0-9]{12,}",  # Alibaba
    "ghp_": r"ghp_[A-Za-z0-9]{12,}",
    "gho_": r"gho_[A-Za-z0-9]{12,}",
    "ghs_": r"ghs_[A-Za-z0-9]{12,}",
    "ghu_": r"ghu_[A-Za-z0-9]{12,}",
    "ghr_": r"ghr_[A-Za-z0-9]{12,}",
    "github_pat_": r"github_pat_\w{20,}",
    "glpat-": r"glpat-[\w.-]{12,}",
    "gl": r"gl(?:dt|rt|cbt|ptt|ft|agent|oas|soat|imt|ffct|rtr)-[\w.-]{16,}",
    "glsa_": r"glsa_\w{20,}",  # Grafana
    "glc_": r"glc_[\w+/=]{20,}",
    "xox": r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}",
    "xapp-": r"xapp-[\w-]{10,}",
    "hooks.slack.com/": r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/+-]{16,})",
    "/api/webhooks/": r"discord(?:app)?\.com/api/webhooks/(\d+/[\w-]{16,})",
    "/webhookb2/": r"webhook\.office\.com/webhookb2/([\w@/-]{16,})",
    ":AA": r"(?:bot)?\d{6,12}:AA[\w-]{30,}",  # Telegram
    "k_live_": r"[sr]k_live_\w{10,}",
    "k_test_": r"[sr]k_test_\w{10,}",
    "whsec_": r"whsec_[\w+/=-]{12,}",
    "AIza": r"AIza[\w-]{30,}",
    "ya29.": r"ya29\.[\w.-]{16,}",
    "1//0": r"1//0[\w-]{30,}",
    "GOCSPX-": r"GOCSPX-[\w-]{16,}",
    "npm_": r"npm_[A-Za-z0-9]{30,}",
    "pypi-": r"pypi-A[\w-]{20,}",
    "rubygems_": r"rubygems_[a-f0-9]{30,}",
    "dckr_": r"dckr_[op]at_[\w-]{16,}",
    "eyJ": r"eyJ[\w-]{8,}(?:\.[\w-]+){1,4}\.?",  # JWT, JWE
    "hf_": r"hf_[A-Za-z0-9]{20,}",
    "sk-": r"sk-(?:(?:proj|svcacct|admin|None|ant|or|lf|litellm)-[\w-]{12,}|[A-Za-z0-9]{20,})",
    "gsk_": r"gsk_[A-Za-z0-9]{20,}",
    "xai-": r"xai-[A-Za-z0-9]{30,}",
    "pplx-": r"pplx-[A-Za-z0-9]{20,}",
    "r8_": r"r8_[A-Za-z0-9]{30,}",
    "_v1_": r"do[opr]_v1_[a-f0-9]{30,}",  # DigitalOcean
    "SG.": r"SG\.[\w-]{15,}\.[\w-]{15,}",
    "key-": r"key-[0-9a-f]{32}(?![\w-])",  # Mailgun
    "-us": r"[0-9a-f]{32}-us\d{1,2}(?![\w-])",  # Mailchimp
    "SK": r"SK[0-9a-f]{32}(?![\w-])",  # Twilio
    "hv": r"hv[sbr]\.[\w-]{20,}",  # Vault
    ".atlasv1.": r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}",
    "AGE-SECRET-KEY-": r"AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{20,}",
    "shp": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{30,}",
    "sq0": r"sq0[a-z]{3}-[\w-]{20,}",
    "dapi": r"dapi[0-9a-f]{32}(?:-\d)?(?![\w-])",  # Databricks
    "dp.": r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}",  # Doppler
    "lin_": r"lin_(?:api|oauth)_\w{20,}",
    "ntn_": r"ntn_[A-Za-z0-9]{30,}",
    "secret_": r"secret_[A-Za-z0-9]{40,}",
    "PMAK-": r"PMAK-[a-f0-9-]{30,}",
    "NRAK-": r"NRAK-[A-Z0-9]{20,}",
    "HRKU-": r"HRKU-[\w-]{20,}",
    "fo1_": r"fo1_[\w-]{20,}",
    "fm2_": r"fm2_[\w+/=,-]{20,}",
    "sbp_": r"sbp_[a-f0-9]{30,}",
    "pscale_": r"pscale_(?:tkn|pw|oauth)_[\w.-]{16,}",
    "ATATT3": r"ATATT3[\w=-]{30,}",
    "nfp_": r"nfp_[A-Za-z0-9]{30,}",
    "pul-": r"pul-[a-f0-9]{40}(?![\w-])",
    "sntry": r"sntry[su]_[\w+/=-]{20,}",
    "tskey-": r"tskey-[a-z]+-[\w-]{15,}",
    "bkua_": r"bkua_[a-f0-9]{30,}",
    "CCIPAT_": r"CCIPAT_\w{20,}",
    "ops_eyJ": r"ops_eyJ[\w+/=-]{40,}",
    "pat": r"pat[A-Za-z0-9]{14}\.[a-f0-9]{60,}",  # Airtable
    "8Q~": r"[\w~.-]{3}8Q~[\w~.-]{30,}",  # Azure client secret
    "oy2": r"oy2[a-z0-9]{43}(?![\w-])",  # NuGet
    # base64 of "-----BEGIN", but of no certificate and no public key
    "LS0tLS1CRUdJTi": r"LS0tLS1CRUdJTi(?!BDRVJU|BQVUJM)[A-Za-z0-9+/]{16,}={0,2}",
}
