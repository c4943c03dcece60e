//! The portal's static files.

use process::{carried_pages, pages::Pages};

carried_pages!(PortalFiles, "../portal/dist");

pub fn load_pages() -> Pages {
    Pages::from_embedded::<PortalFiles>()
}
