//! Macros for types with a readable form: an enum of fixed words, or a formatted text.

/// Defines an enum of words: the same word in JSON, stores and logs, and its number in frames if it
/// has one. The variant after `or` catches words of newer peers; `ALL` omits it.
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])* $name:ident {
            $($(#[$doc:meta])* $variant:ident $(= $number:literal)? $word:literal),+ $(,)?
        }
        $(or $(#[$other_doc:meta])* $other:ident $(= $other_number:literal)? $other_word:literal)?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* $(#[n($number)])? #[serde(rename = $word)] $variant $(= $number)?,)+
            $(
                $(#[$other_doc])* $(#[n($other_number)])? #[serde(rename = $other_word, other)]
                $other $(= $other_number)?,
            )?
        }

        impl $name {
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ $(Self::$other => $other_word,)? }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::word_schema!($name: $($word,)+ $($other_word,)?);
    };
}

/// Describes the type to API clients as one of a list of words.
#[macro_export]
macro_rules! word_schema {
    ($name:ident: $($word:expr,)+) => {
        impl $crate::utoipa::ToSchema for $name {}
        impl $crate::utoipa::PartialSchema for $name {
            fn schema() -> $crate::utoipa::openapi::RefOr<$crate::utoipa::openapi::Schema> {
                $crate::utoipa::openapi::ObjectBuilder::new()
                    .schema_type($crate::utoipa::openapi::Type::String)
                    .enum_values(Some([$($word),+]))
                    .into()
            }
        }
    };
}

/// Describes the type to API clients as a string of a given form.
macro_rules! text_schema {
    ($name:ident, $description:literal, $form:ident = $value:expr $(, $example:literal)?) => {
        impl utoipa::ToSchema for $name {}
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some($description))
                    .$form(Some($value))
                    $(.examples([$example]))?
                    .into()
            }
        }
    };
}

/// Parses a word exactly as written.
#[macro_export]
macro_rules! words_from_text {
    ($($name:ident),+) => {$(
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let known = || Self::ALL.map(Self::as_str).join(", ");
                let found = Self::ALL.into_iter().find(|word| word.as_str() == text);
                found.ok_or_else(|| format!("expected one of {}", known()))
            }
        }
    )+};
}

/// Encodes the type in frames as its display text.
macro_rules! text_in_frames {
    ($name:ident) => {
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.to_string())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                d.str()?.parse().map_err(minicbor::decode::Error::custom)
            }
        }
    };
}
