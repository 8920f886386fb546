"use strict";
// Swagger UI fills every field of a form with a sample and sends it: an optional field shall be empty until it is filled in.
function emptyForms(spec) {
  for (const path of Object.values(spec.paths))
    for (const operation of Object.values(path)) {
      const reference = operation.requestBody?.content?.["multipart/form-data"]?.schema?.$ref;
      if (!reference) continue;
      const form = spec.components.schemas[reference.split("/").pop()];
      for (const [name, field] of Object.entries(form.properties))
        if (!form.required?.includes(name)) field.examples = [""];
    }
  return spec;
}

function withoutEmpty(request) {
  if (request.body instanceof FormData)
    for (const [name, value] of [...request.body]) if (value === "") request.body.delete(name);
  return request;
}

fetch("/openapi.json").then((answer) => answer.json()).then((spec) => SwaggerUIBundle({
  dom_id: "#reference",
  spec: emptyForms(spec),
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  requestInterceptor: withoutEmpty,
  persistAuthorization: false, // a key is this tab's alone
  validatorUrl: null, // its default is a host of its makers
}));
