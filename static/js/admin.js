// Lets jQuery, which the admin of Django uses, turn text into elements. Scripts and their addresses stay refused.
window.trustedTypes?.createPolicy("default", { createHTML: (text) => text });
