// What both pages do: show the description that this server gives of itself. No other address is asked.
"use strict";
const place = document.getElementById("description");
if (window.Redoc) {
  // Its search needs a worker made from text, which the page's policy forbids: the browser's own search does.
  Redoc.init(place.dataset.address, { disableSearch: true, nativeScrollbars: true, requiredPropsFirst: true }, place);
} else {
  SwaggerUIBundle({
    url: place.dataset.address,
    domNode: place,
    deepLinking: true,
    filter: true,
    docExpansion: "none",
    validatorUrl: null,
    persistAuthorization: false,
    requestSnippetsEnabled: true,
    supportedSubmitMethods: ["get", "head", "post", "put", "delete"],
  });
}
