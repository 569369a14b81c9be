// Sends the JSON of a form by its method, and shows what the API answers.

document.getElementById("without-script")?.remove();

for (const form of document.querySelectorAll("form[data-method]")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

async function send(form) {
  const answer = form.querySelector("[data-answer]");
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  try {
    const response = await fetch(form.action, {
      method: form.dataset.method,
      headers: {
        Accept: "application/json",
        "Content-Type": "application/json",
        "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
      },
      body: form.elements.body?.value || undefined,
    });
    show(answer, response, await response.text());
  } catch {
    answer.replaceChildren(paragraph("No answer: Ownlist can't be reached."));
  } finally {
    button.disabled = false;
  }
}

function show(answer, response, text) {
  const parts = [paragraph(`${response.status} ${response.statusText}`)];
  const content = parsed(text);
  if (text) {
    const pre = document.createElement("pre");
    pre.className = "code";
    pre.textContent = content ? JSON.stringify(content, null, 2) : text;
    parts.push(pre);
  }
  if (response.status === 201 && typeof content?.id === "string") {
    const link = document.createElement("a");
    link.href = `${location.pathname.replace(/\/$/, "")}/${encodeURIComponent(content.id)}`;
    link.textContent = "Open it";
    parts.push(link);
  }
  answer.replaceChildren(...parts);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function paragraph(text) {
  const element = document.createElement("p");
  const strong = document.createElement("strong");
  strong.textContent = text;
  element.append(strong);
  return element;
}
