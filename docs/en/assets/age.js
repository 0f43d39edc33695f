/* Claims grow old while the page stays: show the sentence that holds on the reader's day. */
(function () {
  var today = new Date().toISOString().slice(0, 10);
  document.querySelectorAll("[data-until]").forEach(function (voice) {
    var late = today > voice.dataset.until;
    voice.hidden = voice.classList.contains("tu-fresh") ? late : !late;
  });
})();
