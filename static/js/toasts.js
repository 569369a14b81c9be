// Hides a message after a while, unless it is being used, and lets screen readers announce it.
const SHOWN = 12_000; // milliseconds
const region = document.querySelector("#toasts");
let timer = 0;

new MutationObserver(wait).observe(region, { childList: true, subtree: true, characterData: true });

// Only what is added later is announced.
const first = [...region.childNodes];
if (region.childElementCount) region.replaceChildren();
setTimeout(() => region.childElementCount || region.replaceChildren(...first), 100);

function wait() {
  clearTimeout(timer);
  if (region.childElementCount) timer = setTimeout(hide, SHOWN);
}

function hide() {
  if (region.matches(":hover, :focus-within")) return wait();
  region.replaceChildren();
}
