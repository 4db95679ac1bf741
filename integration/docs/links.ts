/** Links of a page to files of the checkout and to its own headings. */
export function linksOf(page: string): readonly { readonly path: string; readonly anchor: string }[] {
  return [...page.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, path, anchor]) => ({
    path: path!,
    anchor: anchor ?? '',
  }));
}

/** The anchors that GitHub makes of a page's headings. */
export function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
