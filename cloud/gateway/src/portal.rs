//! The portal's static files.

use process::{carried_pages, pages::Pages};

carried_pages!(PortalFiles, "../portal/dist");

pub fn pages() -> Pages {
    Pages::of::<PortalFiles>()
}
