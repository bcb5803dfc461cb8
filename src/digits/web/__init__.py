"""The page to draw on, and the REST service behind it: pictures in, digits out, without torch.

The way of a request, one file per step:

1. `connections` limits heads of requests, and how long connections wait for their clients; `pacing` lets requests begin
   one at a time, in turn; `guard` admits this page and programs, and sets the security headers.
2. `app` declares the calls, `schemas` and `descriptions` what they take and answer. `handlers` turns errors, `refusals`
   among them, into answers.
3. `bodies` receives the body within limits of size and time; `uploads` decodes the picture in it.
4. `workers` passes the job to a process: `queues` keep it until it is its client's turn, `processes` run it within
   limits. There, `jobs` reads the picture with the loaded `models`, `form_jobs` the scans of a form, page by page, and
   `explanation` shows why the model answers as it does.
5. `insight` looks inside a network for the page: a unit, the digits that excite it, feature maps; `insight_calls`
   declares these calls, `insight_schemas` what they answer. `samples` finds digits to try.
6. `corrections` stores digits that people corrected and agreed to keep. `trainings` trains networks, in a process of
   its own; `training_calls` declares its calls.

`local` serves pages for one task of the person at this computer, from ``local_page/``: `review` and `template` are
their calls.

`server` starts and stops all of this, and `lan` finds the address at which other computers reach it; `memory` gives
back what large pictures took. ``page/`` holds the files for the browser. `offline` is a page in one file, which needs
no service.
"""
