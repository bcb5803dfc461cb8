"""The page to draw on, and the REST service behind it: pictures in, digits out, without torch.

The way of a request: `connections` (bytes come in time) → `guard` (from this page, for this host) → `app` (which call
it is) → `bodies` (a picture, not too large) → `workers` (a thread reads it) → `service` (what `digits read` says of it,
and why). `own` keeps what people correct, where they agreed to it. `server` starts it all; ``page/`` is what the
browser gets, as it is.
"""
