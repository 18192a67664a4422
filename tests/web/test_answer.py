from __future__ import annotations

import pytest

from hannun.model import errors
from hannun.model.errors import HannunError
from hannun.web.answer import STATUS, of_error

# These stop a start, or (StoreLost) are answered as what they are a kind of; no request meets them by their own name.
NEVER_ANSWERED = {"StoreLocked", "HannunError", "QueryError", "StoreLost"}


@pytest.mark.parametrize(
    "name", [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, HannunError)]
)
def test_every_error_of_the_model_has_a_status(name: str) -> None:
    assert (vars(errors)[name] in STATUS) is (name not in NEVER_ANSWERED)


def test_a_subclass_answers_like_its_parent() -> None:
    class Late(errors.TooLarge):
        pass

    assert of_error(Late("x"), "en").status_code == 413
