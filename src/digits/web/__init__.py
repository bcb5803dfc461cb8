"""The page to draw on, and the REST service behind it: pictures in, digits out, without torch.

The way of a request, one file per step:

1. `connections` limits the time that a request head may take; `guard` admits this page and programs, and sets the
   security headers.
2. `app` declares the calls, `schemas` what they take and answer. `handlers` turns errors, `refusals` among them, into
   answers.
3. `bodies` receives the body within limits of size and time; `uploads` decodes the picture in it.
4. `workers` passes the job to a process, where `jobs` runs it: with the loaded `models` it reads the picture, and
   `explanation` shows why the model answers as it does.
5. `corrections` stores digits that people corrected and agreed to keep.

`server` starts and stops all of this. ``page/`` holds the files for the browser.
"""
