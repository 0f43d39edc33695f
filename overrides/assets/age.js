/* Claims grow old while the page stays: show the sentence that holds on the reader's day, and say
   once, beside the day of the last test, how long ago it was. It is done while the page is read,
   so that nothing moves once it is seen. */
(function () {
  var today = new Date().toISOString().slice(0, 10);
  var words = window.Intl && Intl.RelativeTimeFormat
    && new Intl.RelativeTimeFormat(document.documentElement.lang || "en");

  function age() {
    document.querySelectorAll("[data-until]").forEach(function (voice) {
      var late = today > voice.dataset.until;
      var hidden = voice.classList.contains("tu-fresh") ? late : !late;
      if (voice.hidden !== hidden) voice.hidden = hidden;
    });
    if (!words) return;
    document.querySelectorAll("time.tu-aged").forEach(function (day) {
      if (!day.textContent || day.querySelector(".tu-age")) return;
      var days = Math.round((Date.parse(day.dateTime) - Date.parse(today)) / 864e5);
      var ago = document.createElement("span");
      ago.className = "tu-age";
      ago.textContent = " · " + words.format(days || -0, "day");
      day.append(ago);
    });
  }

  var reading = new MutationObserver(age);
  reading.observe(document, {childList: true, subtree: true});
  document.addEventListener("DOMContentLoaded", function () {
    reading.disconnect();
    age();
  });
})();
