"""The pages of a large site show the same with fewer bytes."""

from types import SimpleNamespace
from typing import Any

import lxml.html
import pytest

from trueup.site.light_pages import LARGE, LightPages, lightened

PAGE = """<main>

  <p>One   <b>two</b>
     three</p>

<script>a;

  b</script><textarea>
  c

  d</textarea>
<div id="m--r--curl" class="language-bash highlight" data-endpoint="m/r"><pre><span></span><code>\
<span class="k">if</span> <span class="o">[</span>
<span class="p">(</span>   <span class="s1">&lt;p&gt;</span>

</code></pre></div>

</main>"""


def test_the_same_is_seen_and_copied_of_a_lighter_page() -> None:
    light = lightened(PAGE)
    assert light == (
        "<main>\n<p>One   <b>two</b>\nthree</p>\n<script>a;\n\n  b</script><textarea>\n  c\n\n  d"
        '</textarea>\n<div id="m--r--curl" class="language-bash highlight" data-endpoint="m/r">'
        '<pre><span></span><code><span class="k">if</span> [\n(   <span class="s1">&lt;p&gt;</span>'
        "\n\n</code></pre></div>\n</main>"
    )
    words = [lxml.html.fromstring(one).text_content().split() for one in (PAGE, light)]
    assert words[0] == words[1] and lightened(light) == light
    texts = [lxml.html.fromstring(one).find(".//pre").text_content() for one in (PAGE, light)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(("count", "expected"), [(LARGE, PAGE), (LARGE + 1, lightened(PAGE))])
def test_only_the_pages_of_a_large_site_are_lightened(count: int, expected: str) -> None:
    files: Any = SimpleNamespace(documentation_pages=lambda: [None] * count)
    anything: Any = None
    plugin = LightPages()
    plugin.on_nav(anything, config=anything, files=files)
    assert plugin.on_post_page(PAGE, page=anything, config=anything) == expected
