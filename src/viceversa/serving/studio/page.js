// The page's messages, which Gradio calls a status, are announced as alerts by a screen reader.
() => {
  const announce = () => {
    for (const message of document.querySelectorAll(".toast-body[role=status]")) {
      message.role = "alert";
      message.ariaLive = "assertive";
    }
  };
  new MutationObserver(announce).observe(document.body, { childList: true, subtree: true });
}
