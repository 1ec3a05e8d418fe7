"""Pages of the explorer without a browser, as `test_app_*.py` look at them; see the fixture `explore`."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT

MAIN = ROOT / "app" / "main.py"
SECONDS = 60
"""So long a page may take beside other tests; how fast pages are is measured in tests/speed."""


def opened(page: str, /, **address: str | list[str]) -> AppTest:
    """The page with that in its address, after its first run."""
    app = AppTest.from_file(str(MAIN), default_timeout=SECONDS).run()
    assert_whole(app)
    app.switch_page(f"app_pages/{page}.py")
    for name, value in address.items():
        app.query_params[name] = value
    return run(app)


def run(app: AppTest) -> AppTest:
    """The page again, after something was changed."""
    app.run()
    assert_whole(app)
    return app


def assert_whole(app: AppTest) -> None:
    """Neither a traceback nor the remains of one."""
    assert not app.exception, [each.value for each in app.exception]
    assert not any("Traceback" in str(each.value) for each in [*app.markdown, *app.error])


def texts(app: AppTest) -> str:
    """All that the page says in words, a line each."""
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def marked_up(app: AppTest) -> str:
    """All that stands in places which read Markdown: what `texts` gives, and every label; a line each."""
    labels = [
        str(getattr(element, "label", ""))
        for kind in ("page_link", "metric", "button", "download_button", "expander", "tab", "status", "toggle")
        for element in app.get(kind)
    ]
    helps = [str(getattr(element.proto, "help", "")) for element in [*app.markdown, *app.metric, *app.caption]]
    return "\n".join([texts(app), *labels, *(metric.value for metric in app.metric), *helps])


HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) $x$ :red[x] `y` **z** ![i](http://127.0.0.1/i)"
"""What Markdown, HTML or a formula would be made of, were it not escaped."""

ALIVE = ("<script", "](javascript", "](http", "$x$", ":red[", "**z**", "`y`")
"""What of it may stand in no place that reads Markdown."""


def assert_tame(app: AppTest) -> None:
    """Nothing of `HOSTILE` is markup, and no file that the page loads is from elsewhere."""
    said = marked_up(app)
    assert not [each for each in ALIVE if each in re.sub(r"\\.", "", said)], said
    assert "script\\>alert" in said, "the text itself must be told"
