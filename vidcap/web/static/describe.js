// The player of a described video: each description is written into a live region, or spoken by the
// browser, when its time comes; if wanted, the film stands still meanwhile.
(() => {
  "use strict";

  const told = new WeakMap(); // section: number of the description told last

  const lines = (section) => [...section.querySelectorAll(".vc-transcript li")];
  const start = (line) => Number(line.querySelector("button").dataset.time);
  const on = (section, name) =>
    section.querySelector(`[data-${name}]`).getAttribute("aria-pressed") === "true";

  function current(section, time) {
    let found = -1;
    lines(section).forEach((line, number) => {
      if (start(line) <= time + 0.05) found = number;
    });
    return found;
  }

  function tell(section, number) {
    told.set(section, number);
    if (number < 0) return;
    const video = section.querySelector("video");
    const text = lines(section)[number].querySelector("span").textContent;
    const speaks = on(section, "speak") && "speechSynthesis" in window;
    // What is spoken here is not read out by a screen reader as well.
    const live = section.querySelector(".vc-live");
    live.setAttribute("aria-live", speaks ? "off" : "polite");
    live.textContent = text;
    const waits = on(section, "wait") && !video.paused;
    if (waits) video.pause();
    if (!speaks) {
      // Time to read or hear it: three words a second, and a breath.
      if (waits) setTimeout(() => video.play(), 1000 + (text.split(" ").length * 1000) / 3);
      return;
    }
    window.speechSynthesis.cancel();
    const voice = new SpeechSynthesisUtterance(text);
    voice.lang = "en";
    if (waits) {
      // Some browsers have no voice and never say that they are done.
      let going = false;
      const go = () => {
        if (!going) video.play();
        going = true;
      };
      voice.onend = voice.onerror = go;
      setTimeout(go, 2000 + (text.split(" ").length * 1000) / 2);
    }
    window.speechSynthesis.speak(voice);
  }

  function goTo(section, time) {
    section.querySelector("video").currentTime = time;
    tell(section, current(section, time));
  }

  function press(button) {
    const section = button.closest(".vc-describe");
    if (!section) return;
    const video = section.querySelector("video");
    if (button.dataset.play !== undefined) {
      if (video.paused) video.play();
      else video.pause();
    } else if (button.dataset.step !== undefined) {
      const all = lines(section);
      const wanted = (told.get(section) ?? -1) + Number(button.dataset.step);
      if (all.length) goTo(section, start(all[Math.max(0, Math.min(all.length - 1, wanted))]));
    } else if (button.dataset.time !== undefined) {
      goTo(section, Number(button.dataset.time));
    } else {
      const pressed = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(pressed));
      if (!pressed && "speechSynthesis" in window) window.speechSynthesis.cancel();
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (button) press(button);
  });

  document.addEventListener(
    "timeupdate",
    (event) => {
      const section = event.target.closest?.(".vc-describe");
      if (!section || event.target.paused) return;
      const number = current(section, event.target.currentTime);
      if (number !== (told.get(section) ?? -1)) tell(section, number);
    },
    true,
  );
})();
