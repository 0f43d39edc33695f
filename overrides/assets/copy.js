/* With a clipboard at hand, the link to a page's Markdown copies it instead. */
(function () {
  if (!navigator.clipboard) return;
  document.querySelectorAll(".tu-markdown a").forEach(function (link) {
    link.textContent = link.dataset.copies;
    link.parentElement.setAttribute("aria-live", "polite");
    link.addEventListener("click", function (event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      fetch(link.href)
        .then(function (reply) { return reply.ok ? reply.text() : Promise.reject(reply); })
        .then(function (text) { return navigator.clipboard.writeText(text); })
        .then(
          function () { link.textContent = link.dataset.copied; },
          function () { location.assign(link.href); }
        );
    });
  });
})();
