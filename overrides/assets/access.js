/* The theme leaves its search dialog without a name, calls each copy button a navigation, leads from
   a part of a page to the top of its translation, and chooses no tab within a closed box. */
(function () {
  var dialog = document.querySelector(".md-search[role=dialog]");
  var field = document.querySelector(".md-search__input");
  if (dialog && field) dialog.setAttribute("aria-label", field.getAttribute("aria-label"));
  new MutationObserver(function () {
    document.querySelectorAll("nav.md-code__nav:not([role])").forEach(function (nav) {
      nav.setAttribute("role", "none");
    });
  }).observe(document.body, {childList: true, subtree: true});
  /* A heading has the same address in each language. */
  document.querySelectorAll("a.md-select__link[hreflang]").forEach(function (link) {
    link.addEventListener("click", function () { link.hash = location.hash; });
  });
  document.addEventListener("toggle", function (event) {
    var chosen = __md_get("__tabs") || [];
    event.target.querySelectorAll(".tabbed-set").forEach(function (set) {
      var labels = Array.from(set.querySelectorAll(".tabbed-labels label"));
      var found = chosen.map(function (name) {
        return labels.find(function (label) { return label.textContent.trim() === name; });
      }).find(Boolean);
      if (found) { document.getElementById(found.htmlFor).checked = true; }
    });
  }, true);
})();
