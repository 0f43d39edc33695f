/* Claims grow old while the page stays: show the sentence that holds on the reader's day, and say
   once, beside the day of the last test, how long ago it was. */
(function () {
  var today = new Date().toISOString().slice(0, 10);
  document.querySelectorAll("[data-until]").forEach(function (voice) {
    var late = today > voice.dataset.until;
    voice.hidden = voice.classList.contains("tu-fresh") ? late : !late;
  });
  if (!window.Intl || !Intl.RelativeTimeFormat) { return; }
  var words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en");
  document.querySelectorAll("time.tu-aged").forEach(function (day) {
    var days = Math.round((Date.parse(day.dateTime) - Date.parse(today)) / 864e5);
    var age = document.createElement("span");
    age.className = "tu-age";
    age.textContent = " · " + words.format(days || -0, "day");
    day.append(age);
  });
})();
