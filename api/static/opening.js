// Opening one thing by its id.

/** Have the form lead to the page of the id that is typed in. */
export function openById(form, pages) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(pages + encodeURIComponent(form.elements.id.value.trim()));
  });
}

/** The id in this page's address. */
export const idOfPage = () => decodeURIComponent(location.pathname.split("/").pop());
