/* Blocks name the base URL that was tested; who uses another of the gateway's can see them so. */
(function () {
  var KEPT = "trueup.base-url";
  var choosers = Array.from(document.querySelectorAll(".tu-bases select"));
  if (choosers.length === 0) return;
  var tested = choosers[0].options[0].value;
  var blocks;  // read once a reader chooses

  /* A block's pieces of text, each with its place in the whole, and where the base URL stands. */
  function read(holder) {
    var code = holder.querySelector("td.code code, pre > code");
    var walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    var pieces = [], length = 0;
    while (walker.nextNode()) {
      pieces.push({node: walker.currentNode, text: walker.currentNode.data, at: length});
      length += walker.currentNode.data.length;
    }
    var places = holder.dataset.baseAt.split(".").map(Number).filter(function (place) {
      return code.textContent.startsWith(tested, place);
    });
    return {pieces: pieces, places: places};
  }

  /* What a piece says when another URL stands in the place of the tested one. */
  function worded(piece, places, url) {
    var text = "", from = 0;
    places.forEach(function (place) {
      var first = Math.max(place - piece.at, 0);
      var end = Math.min(place - piece.at + tested.length, piece.text.length);
      if (first >= end) return;
      text += piece.text.slice(from, first) + (place >= piece.at ? url : "");
      from = end;
    });
    return text + piece.text.slice(from);
  }

  /* The box with the standing that the blocks of a choice have, if it is above them; legacy blocks
     are folded. */
  function standing(chooser) {
    var at = chooser.closest("details, .tu-bases");
    at = (at.closest("details") || at).previousElementSibling;
    while (at && !at.matches(".admonition, .tu-bases, h1, h2, h3")) at = at.previousElementSibling;
    return at && at.matches(".admonition") ? at : null;
  }

  /* Beside each choice, and in its box, what the evidence says about the chosen URL. */
  function note(text) {
    document.querySelectorAll(".tu-elsewhere").forEach(function (old) { old.remove(); });
    if (!text) return;
    choosers.forEach(function (chooser) {
      [chooser.closest("label"), standing(chooser)].forEach(function (place, number) {
        if (!place) return;
        var line = document.createElement(number ? "p" : "span");
        line.className = "tu-elsewhere";
        line.textContent = text;
        if (number) place.append(line); else place.after(line);
      });
    });
  }

  function show(chosen) {
    choosers.forEach(function (chooser) { chooser.value = chosen.value; });
    blocks = blocks || Array.from(document.querySelectorAll("[data-base-at]")).map(read);
    blocks.forEach(function (block) {
      block.pieces.forEach(function (piece) {
        piece.node.data = worded(piece, block.places, chosen.value);
      });
    });
    note(chosen.dataset.note);
  }

  function kept() {
    try { return localStorage.getItem(KEPT); } catch (_) { return null; }
  }

  function keep(url) {
    try { localStorage.setItem(KEPT, url); } catch (_) { /* it holds for this page, then */ }
  }

  choosers.forEach(function (chooser) {
    chooser.closest(".tu-bases").hidden = false;
    chooser.closest(".tu-bases").setAttribute("aria-live", "polite");
    chooser.addEventListener("change", function () {
      show(chooser.selectedOptions[0]);
      keep(chooser.value);
    });
  });
  var known = Array.from(choosers[0].options);
  var chosen = known.find(function (option) { return option.value === kept(); });
  if (chosen && chosen !== known[0]) show(chosen);
})();
