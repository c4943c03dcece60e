fn main() {
    texts_build::generate();
}
