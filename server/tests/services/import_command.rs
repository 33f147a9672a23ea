//! `millrace import` as an operator's script calls it.

use crate::process::{Server, folder, millrace};
use rust_xlsxwriter::Workbook;
use std::{path::Path, process::Output};

const HEADER: [&str; 6] = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"];

/// Notes, then two months; a row of April has no number as its price.
fn workbook(file: &Path) {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Notes").unwrap().write(0, 0, "Nothing below").unwrap();
    for (month, prices) in [("March", ["2.00", "3.00", "4.00"]), ("April", ["2.00", "3.00", "cheap"])] {
        let sheet = book.add_worksheet().set_name(month).unwrap();
        sheet.write_row(0, 0, HEADER).unwrap();
        for (row, price) in (1..).zip(prices) {
            let order = format!("{month}-{row}");
            sheet.write_row(row, 0, [order.as_str(), "A1", "Thing", "1", "2026-03-05 10:00:00", price]).unwrap();
        }
    }
    book.save(file).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[tokio::test]
async fn the_named_sheet_is_imported_and_an_unknown_one_is_a_wrong_command_line() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    workbook(&dir.join("book.xlsx"));
    let server = Server::start_with(dir, &["--no-worker"]);
    let url = millrace(dir, &["db", "url", "--owner"]).output().expect("url");
    let pool = sqlx::PgPool::connect(String::from_utf8_lossy(&url.stdout).trim()).await.expect("pool");
    let import = |more: &[&str]| {
        let output =
            millrace(dir, &[&["import", "transactions", "book.xlsx"], more].concat()).output().expect("import");
        (output.status.code(), said(&output))
    };
    let orders = async || {
        sqlx::query_scalar::<_, String>("select external_ref from sales.transactions order by 1")
            .fetch_all(&pool)
            .await
            .unwrap()
    };

    let (exit, said) = import(&["--sheet", "May"]);
    assert_eq!(exit, Some(64), "{said}");
    assert!(said.contains("There is no sheet \"May\"; there are \"Notes\", \"March\", \"April\"."), "{said}");
    assert_eq!(orders().await, [""; 0]);
    let batches = "select count(*) from ops.import_batches";
    assert_eq!(sqlx::query_scalar::<_, i64>(batches).fetch_one(&pool).await.unwrap(), 0, "nothing is kept of it");

    let (exit, said) = import(&["--sheet", "April", "--dry-run"]);
    assert!(exit == Some(2) && said.contains("3 rows = 2 sale lines") && said.contains("nothing written"), "{said}");
    assert_eq!(orders().await, [""; 0]);
    let (exit, said) = import(&["--sheet", "April"]);
    assert!(exit == Some(2) && said.contains("1 rows were rejected"), "{exit:?} {said}");
    assert_eq!(orders().await, ["April-1", "April-2"]);

    // Without a name: the first that holds rows.
    let (exit, said) = import(&[]);
    assert!(exit == Some(0) && said.contains("3 rows = 3 sale lines"), "{exit:?} {said}");
    assert_eq!(orders().await, ["April-1", "April-2", "March-1", "March-2", "March-3"]);
    let (exit, said) = import(&["--sheet", "Notes"]);
    assert!(exit == Some(2) && said.contains("no_rows"), "{exit:?} {said}");
    pool.close().await;
    server.stop();
}

#[tokio::test]
async fn visits_are_imported_from_the_command_line() {
    let Some(dir) = folder() else { return };
    let dir = dir.path();
    let day = chrono::Utc::now().date_naive() - chrono::Days::new(3);
    let rows = format!("{day} 10:00:00,b-1\n{day} 10:20:00,b-1\n{day} 10:00:00,b-2\nsometime,b-3\n");
    std::fs::write(dir.join("visits.csv"), format!("visited_at,visitor_key\n{rows}")).expect("file");
    let server = Server::start_with(dir, &["--no-worker"]);
    let import = || {
        let output = millrace(dir, &["import", "visits", "visits.csv"]).output().expect("import");
        (output.status.code(), said(&output))
    };
    let (exit, first) = import();
    let account = "4 rows = 2 visits + 1 of the same visits + 0 recorded already + 1 rejected + 0 filtered";
    assert!(exit == Some(2) && first.contains(account), "{exit:?} {first}");
    let (exit, again) = import();
    assert!(
        exit == Some(0) && again.contains("0 visits + 1 of the same visits + 3 recorded already"),
        "{exit:?} {again}"
    );
    server.stop();
}
