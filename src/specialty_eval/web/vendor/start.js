// What both pages do: show the description that this server gives of itself. No other address is asked.
"use strict";
// Redoc shows a picture of its makers' from their server, for which it has no option: it stays unasked for and unseen.
const isElsewhere = (value) => /^https?:/.test(value) && new URL(value).origin !== location.origin;
const picture = HTMLImageElement.prototype;
const { setAttribute } = Element.prototype;
const source = Object.getOwnPropertyDescriptor(picture, "src");
const unlessElsewhere = (set) => function (name, value) {
  if (name === "src" && isElsewhere(value)) setAttribute.call(this, "hidden", "");
  else set.call(this, name, value);
};
picture.setAttribute = unlessElsewhere(setAttribute);
Object.defineProperty(picture, "src", {
  ...source,
  set(value) { unlessElsewhere((name, said) => source.set.call(this, said)).call(this, "src", value); },
});
const LABELS = {
  enum: "可选值", enumSingleValue: "固定值", enumArray: "各项可选", default: "默认", deprecated: "已停用", example: "例",
  examples: "例", recursive: "（递归）", arrayOf: "列表，各项为 ", const: "固定值", download: "下载",
  downloadSpecification: "下载 OpenAPI 文件", responses: "回答", callbackResponses: "回调的回答", requestSamples: "请求举例",
  responseSamples: "回答举例", noResultsFound: "没有找到",
};
const labels = document.documentElement.lang === "zh-CN" ? LABELS : {};
const place = document.getElementById("description");
if (window.Redoc) {
  // Its search needs a worker made from text, which the page's policy forbids: the browser's own search does.
  Redoc.init(place.dataset.address, { disableSearch: true, labels, nativeScrollbars: true, requiredPropsFirst: true }, place);
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
