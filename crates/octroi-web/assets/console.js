// The console: Swagger UI on the API's own document. Everything comes from this portal; calls go to the gateway.
(() => {
  "use strict";
  const place = document.getElementById("swagger-ui");
  if (!place || typeof SwaggerUIBundle === "undefined") return;
  document.getElementById("console-waits")?.remove();
  SwaggerUIBundle({
    domNode: place,
    url: place.dataset.document,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    validatorUrl: null,
    queryConfigEnabled: false,
    persistAuthorization: false,
    deepLinking: false,
    displayRequestDuration: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    syntaxHighlight: { activated: true, theme: "agate" },
    tryItOutEnabled: false,
  });
})();
