/* The theme leaves its search dialog without a name, calls each copy button a navigation, and leads
   from a part of a page to the top of its translation. */
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
})();
