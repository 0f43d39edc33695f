/* The copy buttons of legacy code say what they copy; the theme may add them at any time. */
(function () {
  document.querySelectorAll("[data-copy-label]").forEach(function (line) {
    var label = line.dataset.copyLabel, blocks = line.nextElementSibling;
    while (blocks && !blocks.matches(".tabbed-set")) { blocks = blocks.nextElementSibling; }
    if (!blocks) { return; }
    function name() {
      blocks.querySelectorAll("button[data-md-type='copy']").forEach(function (button) {
        if (button.title !== label) { button.title = label; }
        button.setAttribute("aria-label", label);
      });
    }
    new MutationObserver(name).observe(blocks, {
      attributeFilter: ["title"], attributes: true, childList: true, subtree: true
    });
    name();
  });
})();
