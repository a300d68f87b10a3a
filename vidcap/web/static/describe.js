// The player of a described video: each description is written into a live region, or spoken by the
// browser, when its time comes; if wanted, the film stands still meanwhile.
(() => {
  "use strict";

  const told = new WeakMap(); // section: number of the description told last
  const resting = new WeakMap(); // video that stands still for a description: whose turn it is
  const sought = new WeakSet(); // videos that we have sent elsewhere, and that do not know it yet

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
    const go = waits ? rest(video) : () => {};
    if (!speaks) {
      // Time to read or hear it: three words a second, and a breath.
      if (waits) setTimeout(go, 1000 + (text.split(" ").length * 1000) / 3);
      return;
    }
    window.speechSynthesis.cancel();
    const voice = new SpeechSynthesisUtterance(text);
    voice.lang = "en";
    if (waits) {
      voice.onend = voice.onerror = go;
      // Some browsers have no voice and never say that they are done.
      setTimeout(go, 2000 + (text.split(" ").length * 1000) / 2);
    }
    window.speechSynthesis.speak(voice);
  }

  // Lets the film stand still, and returns what lets it go on, unless somebody did so meanwhile.
  function rest(video) {
    const mine = {};
    resting.set(video, mine);
    video.pause();
    return () => {
      if (resting.get(video) !== mine) return;
      resting.delete(video);
      video.play();
    };
  }

  function silence(video) {
    resting.delete(video);
    if ("speechSynthesis" in window) window.speechSynthesis.cancel();
  }

  function goTo(section, time) {
    const video = section.querySelector("video");
    silence(video);
    sought.add(video);
    video.currentTime = time;
    tell(section, current(section, time));
  }

  function press(button) {
    const section = button.closest(".vc-describe");
    if (!section) return;
    const video = section.querySelector("video");
    if (button.dataset.play !== undefined) {
      resting.delete(video);
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

  // Whoever stops the film or goes elsewhere in it does not want to hear the rest.
  for (const kind of ["pause", "seeking"])
    document.addEventListener(
      kind,
      (event) => {
        const video = event.target;
        if (!video.closest?.(".vc-describe")) return;
        const ours = kind === "pause" ? resting.has(video) : sought.delete(video);
        if (!ours) silence(video);
      },
      true,
    );

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
