//! The link between edge and hub, from the side of somebody who plays one of them.
