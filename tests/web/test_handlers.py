"""From errors to answers: every error has its status, and every text can be encoded."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digits import errors
from digits.web.handlers import JSONAnswer, answer_error
from digits.web.refusals import RefusedError

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
"""Lone surrogates are in it, as in file names that are not UTF-8."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RefusedError(409, "full"), 409), (errors.DataError("no picture"), 422), (errors.UsageError("no"), 400),
        (errors.DataNotFoundError("missing"), 422), (errors.StorageError("disk is full"), 507),
        (errors.ModelNotFoundError("gone"), 500), (errors.TrainingError("stopped"), 400),
    ],
)  # fmt: skip
def test_every_error_has_a_status_and_its_sentence(error: Exception, status: int) -> None:
    request: Any = None  # read for errors of the framework only
    answer = asyncio.run(answer_error(request, error))
    assert (answer.status_code, json.loads(bytes(answer.body))) == (status, {"error": str(error)})


@pytest.mark.slow
@given(st.recursive(ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner)))
def test_any_text_can_be_answered(content: Any) -> None:
    body = bytes(JSONAnswer(content).body)
    # compared as JSON, since two lone surrogates side by side are read as one character
    assert json.loads(body.decode("utf-8")) == json.loads(json.dumps(content))
