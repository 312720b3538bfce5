"""This machine, and two hosts that pyinfra (3.10) only simulates."""

app = ["@local"]
web = [
    ("@fake/web-1", {"fake_delay": 0, "fake_delay_jitter": 0}),
    ("@fake/web-2", {"fake_delay": 0, "fake_delay_jitter": 0}),
]
