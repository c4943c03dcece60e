mod matcher;
mod routes;
