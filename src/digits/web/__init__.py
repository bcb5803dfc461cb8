"""The page to draw on, and the REST service behind it: pictures in, digits out, without torch.

The way of a request: `connections` (bytes come in time) → `guard` (from this page, for this host) → `app` and
`own_calls` (which call it is) → `bodies` (it is not too large) → `workers` (a process takes it) → `jobs` → `pictures`
(what was sent, decoded) → `service` (what `digits read` says of it, and why). `own` keeps what people correct, where
they agreed to it. `server` starts it all; ``page/`` is what the browser gets, as it is.
"""
