// Copies the address in a `data-copy` button.
import { say } from "./page.js";

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard?.writeText(new URL(button.dataset.copy, location));
  say(navigator.clipboard ? "The link was copied." : "This browser copies links only over https.", "success");
});
