"use strict";
SwaggerUIBundle({
  dom_id: "#reference",
  url: "/openapi.json",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false, // a key is this tab's alone
  validatorUrl: null, // its default is a host of its makers
});
