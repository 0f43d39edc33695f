/* The theme leaves its search dialog without a name, and calls each copy button a navigation. */
(function () {
  var dialog = document.querySelector(".md-search[role=dialog]");
  var field = document.querySelector(".md-search__input");
  if (dialog && field) dialog.setAttribute("aria-label", field.getAttribute("aria-label"));
  new MutationObserver(function () {
    document.querySelectorAll("nav.md-code__nav:not([role])").forEach(function (nav) {
      nav.setAttribute("role", "none");
    });
  }).observe(document.body, {childList: true, subtree: true});
})();
