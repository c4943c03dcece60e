//! Forty queries in two languages over ten thousand reviews. The expected results follow from the
//! clauses of each review, independently of any search.

use std::collections::BTreeMap;

use contract::{DocumentsArm, on_every_documents};
use review::{
    domain::SearchQuery,
    store::{ReviewSearch, ReviewStore},
};
use uuid::Uuid;

use super::{AT, migrated, review, user};

on_every_documents! {
    forty_questions_over_ten_thousand_reviews_have_the_answers_that_a_person_expects,
}

const REVIEWS: u128 = 10_000;

const CLAUSES: [&str; 41] = [
    "The tap is fixed and no longer drips.",
    "He fixed our leaking pipe in ten minutes.",
    "She cleaned the whole kitchen, spotless!",
    "Cleaning took longer than planned.",
    "Very friendly and polite.",
    "Arrived two hours late.",
    "Came on time, as agreed.",
    "The price was fair.",
    "Too expensive for such a small job.",
    "WiFi works in every room now.",
    "My laptop starts again, all data recovered.",
    "Patient with my grandmother.",
    "Our son's maths grades have improved.",
    "The logo design is exactly what we wanted.",
    "Left dirt on the carpet.",
    "I would hire him again.",
    "Didn't answer the phone.",
    "Explained everything clearly.",
    "The air conditioner is quiet now.",
    "Painted both bedrooms in one day.",
    "水龙头修好了，不再漏水。",
    "厨房打扫得很干净。",
    "师傅很准时。",
    "迟到了两个小时。",
    "服务态度非常好。",
    "态度很差，不想再请。",
    "价格公道。",
    "价格太贵了。",
    "网络修好以后每个房间都有信号。",
    "电脑修好了，数据都恢复了。",
    "对奶奶很有耐心。",
    "孩子的数学成绩提高了。",
    "标志设计得很漂亮。",
    "地毯上留下了污渍。",
    "下次还会找他。",
    "打电话没人接。",
    "讲解得很清楚。",
    "空调现在很安静。",
    "一天刷完了两间卧室。",
    "净水器装得又快又好。",
    "毛巾很干，净是灰尘。",
];

/// A query, and its matching clauses: a review needs one from each group.
const QUESTIONS: [(&str, &[&[usize]]); 40] = [
    ("tap", &[&[0]]),
    ("TAPS", &[&[0]]),
    ("drip", &[&[0]]),
    ("fix", &[&[0, 1]]),
    ("fixed pipe", &[&[1]]),
    ("leak", &[&[1]]),
    ("clean", &[&[2, 3]]),
    ("Cleaning kitchen", &[&[2]]),
    ("polite", &[&[4]]),
    ("late", &[&[5]]),
    ("on time", &[&[6]]),
    ("expensive", &[&[8]]),
    ("ｗｉｆｉ", &[&[9]]),
    ("laptop data", &[&[10]]),
    ("math", &[&[12]]),
    ("logo design", &[&[13]]),
    ("hire again", &[&[15]]),
    ("didn’t answer", &[&[16]]),
    ("explain", &[&[17]]),
    ("painting", &[&[19]]),
    ("friendly late", &[&[4], &[5]]),
    ("unicorn", &[&[]]),
    ("水龙头", &[&[20]]),
    ("漏水", &[&[20]]),
    ("干净", &[&[21]]),
    ("很干", &[&[21, 40]]),
    ("准时", &[&[22]]),
    ("态度", &[&[24, 25]]),
    ("服务态度", &[&[24]]),
    ("态度 差", &[&[25]]),
    ("价格", &[&[26, 27]]),
    ("贵", &[&[27]]),
    ("修好", &[&[20, 28, 29]]),
    ("电脑，数据", &[&[29]]),
    ("空调 安静", &[&[37]]),
    ("净水", &[&[39]]),
    ("好", &[&[20, 24, 28, 29, 39]]),
    ("厨房 迟到", &[&[21], &[23]]),
    ("tap 干净", &[&[0], &[21]]),
    ("独角兽", &[&[]]),
];

/// The clauses of a review: every pair occurs.
fn clauses(n: u128) -> [usize; 2] {
    let many = CLAUSES.len();
    let n = usize::try_from(n).unwrap();
    [n % many, n / many % many]
}

async fn forty_questions_over_ten_thousand_reviews_have_the_answers_that_a_person_expects(
    arm: DocumentsArm,
) {
    let store = migrated(&arm).await;
    let all: Vec<u128> = (0..REVIEWS).collect();
    for part in all.chunks(500) {
        let made = part.iter().map(|n| {
            let comment = clauses(*n).map(|place| CLAUSES[place]).join(" ");
            review(*n, 2 + n % 2, 5, &comment)
        });
        store.insert_without_events(made.collect()).await.unwrap();
    }
    for (question, groups) in QUESTIONS {
        let answers = |n: &u128| {
            let has = clauses(*n);
            groups
                .iter()
                .all(|group| group.iter().any(|clause| has.contains(clause)))
        };
        let expected: Vec<u128> = (0..REVIEWS).rev().filter(answers).collect();
        let found = found(&store, question, None).await;
        assert_eq!(found.len(), expected.len(), "{question}");
        assert_eq!(found, expected, "{question}");
    }
    let of_one = found(&store, "修好", Some(3)).await;
    assert!(
        !of_one.is_empty() && of_one.iter().all(|n| n % 2 == 1),
        "of that provider alone"
    );
}

/// The numbers of all results, page by page.
async fn found(store: &ReviewStore, question: &str, provider: Option<u128>) -> Vec<u128> {
    let mut numbers = BTreeMap::new();
    let mut after = None;
    let mut order = Vec::new();
    loop {
        let query = SearchQuery::parse_text(question).unwrap();
        let search = ReviewSearch {
            query,
            provider: provider.map(user),
            after,
            limit: 100,
        };
        let page = store.search_reviews(search).await.unwrap();
        for one in page.documents {
            let n = u128::try_from((one.body.created_at.0 - AT.0) / 1_000).unwrap();
            assert_eq!(numbers.insert(n, one.id), None::<Uuid>, "{n} comes once");
            order.push(n);
        }
        after = page.next;
        if after.is_none() {
            return order;
        }
    }
}
