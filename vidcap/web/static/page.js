// The page's own behaviour: going to scenes, and showing where words look. Listens on the document,
// because Gradio puts results in and takes them out as it likes.
(() => {
  "use strict";

  const result = (element) => element.closest(".vc-result");

  async function choose(button) {
    const section = result(button);
    const video = section.querySelector("video");
    if (video) video.currentTime = Number(button.dataset.time);
    for (const other of section.querySelectorAll("[data-scene]"))
      other.toggleAttribute("aria-current", other === button);
    const looked = section.querySelector(".vc-looked");
    if (!looked) return;
    const answer = await fetch(`${section.dataset.base}/looked-${button.dataset.scene}.html`);
    if (answer.ok) looked.innerHTML = await answer.text(); // made and escaped by vidcap
    else looked.textContent = "Nobody knows where the words of this scene look.";
  }

  function look(button) {
    const section = button.closest(".vc-looked");
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const other of section.querySelectorAll("[data-word]"))
      other.setAttribute("aria-pressed", String(on && other === button));
    for (const map of section.querySelectorAll("[data-map]"))
      map.toggleAttribute("hidden", !(on && map.dataset.map === button.dataset.word));
  }

  // A scene of the library: its video is asked for when somebody wants it.
  function open(button) {
    const video = result(button).querySelector("video");
    video.hidden = false;
    video.preload = "metadata";
    video.src = `${button.dataset.open}#t=${button.dataset.time}`;
    video.scrollIntoView({ block: "nearest" });
    video.focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    if (button.dataset.scene !== undefined) choose(button);
    else if (button.dataset.open !== undefined) open(button);
    else if (button.dataset.word !== undefined) look(button);
  });

  document.addEventListener(
    "error",
    (event) => {
      if (event.target.matches?.("video.vc-video"))
        result(event.target)?.querySelector(".vc-unplayable")?.removeAttribute("hidden");
    },
    true,
  );
})();
