# Why an edge cannot be enrolled.

public-key-no-key = Expected the 32 bytes of an Ed25519 key, as base64url.
public-key-weak = Signatures by this key prove nothing: it is of low order, or not in its one form.
