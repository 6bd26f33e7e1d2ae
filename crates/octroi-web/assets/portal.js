// The little that pages do with a script: copying, sending once, and taking the focus to what is wrong. Everything works without it.
(() => {
  "use strict";

  // <button data-copy="ID" data-copied="Copié"> copies the text of the element ID and says so beside the button.
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    if (!source) return;
    const status = button.parentElement.querySelector("[data-copy-status]") ?? statusBeside(button);
    try {
      await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
      status.textContent = button.dataset.copied ?? "";
    } catch {
      getSelection()?.selectAllChildren(source);
      status.textContent = button.dataset.select ?? "";
    }
  });

  function statusBeside(button) {
    const status = document.createElement("span");
    status.dataset.copyStatus = "";
    status.setAttribute("role", "status");
    status.className = "copy-status";
    button.insertAdjacentElement("afterend", status);
    return status;
  }

  // A second click on the button of a form that is on its way sends nothing more.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    setTimeout(() => delete form.dataset.sent, 3000);
  });

  // A form that was wrong says so first; nobody has to search for it.
  const wrong = document.querySelector("[data-focus]");
  if (wrong instanceof HTMLElement) wrong.focus();
})();
