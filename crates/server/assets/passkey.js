// Passkeys: a form with data-passkey asks the browser for one and sends its answer. The forms are
// hidden where there are no scripts or no passkeys: everything else on their pages works without.
"use strict";
(() => {
  const STALE = 4 * 60 * 1000; // the server waits five minutes for an answer to its question

  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const create = async (options) => {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return {
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
      },
    };
  };

  const get = async (options) => {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: known(options.allowCredentials),
    };
    const shown = await navigator.credentials.get({ publicKey });
    const { response } = shown;
    return {
      id: shown.id,
      rawId: text(shown.rawId),
      type: shown.type,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        userHandle: response.userHandle ? text(response.userHandle) : null,
      },
    };
  };

  // A question that lay open too long is asked anew: the same form of the same page, fetched again.
  const refresh = async (form) => {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(form.id);
    if (!fresh) throw new Error("the page is not there any more");
    form.dataset.options = fresh.dataset.options;
    for (const name of ["csrf", "request_id", "state"]) form.elements[name].value = fresh.elements[name].value;
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const note = form.querySelector("[data-passkey-note]");
    const button = form.querySelector("button");
    let asked = Date.now();
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      note.hidden = true;
      button.disabled = true;
      try {
        if (Date.now() - asked > STALE) {
          await refresh(form);
          asked = Date.now();
        }
        const ask = form.dataset.passkey === "create" ? create : get;
        form.elements.answer.value = JSON.stringify(await ask(JSON.parse(form.dataset.options)));
        form.submit();
      } catch (error) {
        note.textContent =
          error.name === "InvalidStateError"
            ? "This device has a passkey of yours already."
            : "No passkey was used: it was cancelled, took too long, or there is none here for this site. Try again, or go another way.";
        note.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
