// What a script adds to the account pages. Without it nothing is missing but comfort.

for (const input of document.querySelectorAll('input[type="password"]')) {
  addShowButton(input);
}

const zone = document.querySelector('input[type="hidden"][name="timezone"]');
if (zone) {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

function addShowButton(input) {
  const row = document.createElement("div");
  const button = document.createElement("button");
  row.className = "password";
  button.className = "button";
  button.type = "button";
  button.textContent = "Show";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", "Show the password");
  input.replaceWith(row);
  row.append(input, button);

  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // A password manager saves, and a browser forgets, what is a password on leaving.
  input.form?.addEventListener("submit", () => show(false));
}
