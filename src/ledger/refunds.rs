//! How much of a sale's lines is given back: never more than was sold, to the cent, in as many parts as one likes.

use super::model::Line;
use super::posting::{LineChoice, RefundChoice, SoldLine};
use super::rejection::Rejection;
use crate::money::{checked_share, checked_sum};

/// The lines of a refund, with the opposite sign of the sale's.
///
/// # Errors
/// When a line is unknown, more is asked than is left, or the refund would be below 0 or exceed the sale.
pub fn refund_lines(sold: &[SoldLine], choice: &RefundChoice) -> Result<Vec<Line>, Rejection> {
    let mut left: Vec<SoldLine> = sold.to_vec();
    let lines = match choice {
        RefundChoice::Rest => refund_rest(&mut left)?,
        RefundChoice::Lines(choices) => choices
            .iter()
            .map(|choice| refund_choice(&mut left, choice))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let refund_minor = checked_sum(lines.iter().map(|line| -line.amount_minor)).ok_or(Rejection::AmountOverflow)?;
    if refund_minor < 0 {
        return Err(Rejection::RefundNegative);
    }
    let left_minor = left_of_sale(sold).ok_or(Rejection::AmountOverflow)?;
    if refund_minor > left_minor {
        return Err(Rejection::MoreThanSold { left_minor });
    }
    Ok(lines)
}

/// What is left of the sale's amount.
fn left_of_sale(sold: &[SoldLine]) -> Option<i64> {
    let amount = checked_sum(sold.iter().map(|sold| sold.line.amount_minor))?;
    let refunded = checked_sum(sold.iter().map(|sold| sold.refunded_minor))?;
    amount.checked_sub(refunded)
}

fn refund_rest(left: &mut [SoldLine]) -> Result<Vec<Line>, Rejection> {
    let open = left.iter_mut().filter(|sold| !is_used_up(sold));
    let lines = open
        .map(|sold| refund_line(sold, None))
        .collect::<Result<Vec<_>, _>>()?;
    if lines.is_empty() {
        Err(Rejection::NothingToRefund)
    } else {
        Ok(lines)
    }
}

fn refund_choice(left: &mut [SoldLine], choice: &LineChoice) -> Result<Line, Rejection> {
    let line_no = choice.line_no;
    let sold = left
        .iter_mut()
        .find(|sold| sold.line_no == line_no)
        .ok_or(Rejection::UnknownLine { line_no })?;
    refund_line(sold, choice.quantity_milli)
}

fn is_used_up(sold: &SoldLine) -> bool {
    if sold.line.quantity_milli == 0 {
        sold.is_refunded
    } else {
        sold.refunded_milli >= sold.line.quantity_milli
    }
}

/// Gives back a quantity of a line, or what is left of it, and takes note of it.
fn refund_line(sold: &mut SoldLine, quantity_milli: Option<i64>) -> Result<Line, Rejection> {
    let left_milli = sold.line.quantity_milli - sold.refunded_milli;
    let quantity_milli = quantity_milli.unwrap_or(left_milli);
    if is_used_up(sold) || quantity_milli > left_milli {
        return Err(Rejection::MoreOfLineThanLeft {
            line_no: sold.line_no,
            left_milli,
        });
    }
    let refunded_milli = sold.refunded_milli + quantity_milli;
    let amount_minor = part_amount(sold, refunded_milli).ok_or(Rejection::AmountOverflow)?;
    sold.refunded_milli = refunded_milli;
    sold.refunded_minor += amount_minor;
    sold.is_refunded = true;
    Ok(Line {
        quantity_milli: -quantity_milli,
        amount_minor: -amount_minor,
        sale_line_no: Some(sold.line_no),
        ..sold.line.clone()
    })
}

/// What is due back when so much of the line has been given back in all, minus what was given back before.
fn part_amount(sold: &SoldLine, refunded_milli: i64) -> Option<i64> {
    let line = &sold.line;
    let due = if refunded_milli == line.quantity_milli {
        line.amount_minor
    } else {
        checked_share(line.amount_minor, refunded_milli, line.quantity_milli)?
    };
    let part = due.checked_sub(sold.refunded_minor)?;
    // After reversals of some refunds the parts that stand may be the large ones. A part never takes back.
    let takes_back = part.signum() == -line.amount_minor.signum();
    Some(if takes_back { 0 } else { part })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sold(line_no: i32, quantity_milli: i64, amount_minor: i64) -> SoldLine {
        let line = Line {
            product_code: format!("P{line_no}"),
            product_name: "Product".to_owned(),
            category: String::new(),
            quantity_milli,
            amount_minor,
            vat_rate: 2100,
            unit_price: None,
            sale_line_no: None,
        };
        SoldLine {
            line_no,
            line,
            refunded_milli: 0,
            refunded_minor: 0,
            is_refunded: false,
        }
    }

    fn some_of(line_no: i32, quantity_milli: i64) -> RefundChoice {
        RefundChoice::Lines(vec![LineChoice {
            line_no,
            quantity_milli: Some(quantity_milli),
        }])
    }

    fn all_of(line_no: i32) -> RefundChoice {
        RefundChoice::Lines(vec![LineChoice {
            line_no,
            quantity_milli: None,
        }])
    }

    fn note(sale: &mut [SoldLine], lines: &[Line]) {
        for line in lines {
            let sold = sale
                .iter_mut()
                .find(|sold| Some(sold.line_no) == line.sale_line_no)
                .unwrap();
            sold.refunded_milli -= line.quantity_milli;
            sold.refunded_minor -= line.amount_minor;
            sold.is_refunded = true;
        }
    }

    /// Refunds and returns the amounts given back, line by line.
    fn refund(sale: &mut [SoldLine], choice: &RefundChoice) -> Result<Vec<i64>, Rejection> {
        let lines = refund_lines(sale, choice)?;
        note(sale, &lines);
        Ok(lines.iter().map(|line| -line.amount_minor).collect())
    }

    #[test]
    fn one_euro_for_three_comes_back_one_by_one_as_33_34_33() {
        let mut sale = [sold(1, 3000, 100)];
        assert_eq!(refund(&mut sale, &some_of(1, 1000)), Ok(vec![33]));
        assert_eq!(refund(&mut sale, &some_of(1, 1000)), Ok(vec![34]));
        assert_eq!(refund(&mut sale, &some_of(1, 1000)), Ok(vec![33]));
        let over = refund(&mut sale, &some_of(1, 1));
        assert_eq!(
            over,
            Err(Rejection::MoreOfLineThanLeft {
                line_no: 1,
                left_milli: 0
            })
        );
    }

    #[test]
    fn the_rest_is_what_is_left_of_every_line() {
        let mut sale = [sold(1, 3000, 100), sold(2, 2000, 500), sold(3, 0, -50)];
        assert_eq!(refund(&mut sale, &some_of(2, 2000)), Ok(vec![500]));
        assert_eq!(refund(&mut sale, &RefundChoice::Rest), Ok(vec![100, -50]));
        assert_eq!(refund(&mut sale, &RefundChoice::Rest), Err(Rejection::NothingToRefund));
    }

    #[test]
    fn a_line_of_quantity_0_comes_back_whole_or_not_at_all() {
        let mut sale = [sold(1, 1000, 1000), sold(2, 0, 250)];
        let part = refund(&mut sale, &some_of(2, 1000));
        assert_eq!(
            part,
            Err(Rejection::MoreOfLineThanLeft {
                line_no: 2,
                left_milli: 0
            })
        );
        assert_eq!(refund(&mut sale, &all_of(2)), Ok(vec![250]));
        let again = refund(&mut sale, &all_of(2));
        assert_eq!(
            again,
            Err(Rejection::MoreOfLineThanLeft {
                line_no: 2,
                left_milli: 0
            })
        );
    }

    #[test]
    fn a_discount_alone_is_not_refunded() {
        let mut sale = [sold(1, 1000, 1000), sold(2, 1000, -250)];
        assert_eq!(refund(&mut sale, &all_of(2)), Err(Rejection::RefundNegative));
    }

    #[test]
    fn goods_without_their_discount_are_more_than_was_sold() {
        let mut sale = [sold(1, 1000, 1000), sold(2, 1000, -250)];
        assert_eq!(
            refund(&mut sale, &all_of(1)),
            Err(Rejection::MoreThanSold { left_minor: 750 })
        );
        assert_eq!(refund(&mut sale, &RefundChoice::Rest), Ok(vec![1000, -250]));
    }

    #[test]
    fn a_line_named_twice_counts_twice() {
        let mut sale = [sold(1, 3000, 100)];
        let one = LineChoice {
            line_no: 1,
            quantity_milli: Some(1000),
        };
        assert_eq!(
            refund(&mut sale, &RefundChoice::Lines(vec![one.clone(), one.clone()])),
            Ok(vec![33, 34])
        );
        let over = refund(&mut sale, &RefundChoice::Lines(vec![one.clone(), one]));
        assert_eq!(
            over,
            Err(Rejection::MoreOfLineThanLeft {
                line_no: 1,
                left_milli: 0
            })
        );
    }

    #[test]
    fn an_unknown_line_is_named() {
        let unknown = refund(&mut [sold(1, 1000, 100)], &all_of(7));
        assert_eq!(unknown, Err(Rejection::UnknownLine { line_no: 7 }));
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_line(amount in 0_i64..5000, parts in proptest::collection::vec(1_i64..3000, 1..8)) {
            let mut sale = [sold(1, parts.iter().sum(), amount)];
            let mut given_back = 0;
            for part in parts {
                given_back += refund(&mut sale, &some_of(1, part)).unwrap().iter().sum::<i64>();
            }
            prop_assert_eq!(given_back, amount);
        }

        #[test]
        fn whatever_refunds_are_reversed_the_line_never_gives_back_more_than_it_cost(
            amount in 0_i64..60, steps in proptest::collection::vec((1_i64..4, any::<bool>()), 1..30)
        ) {
            let mut sale = [sold(1, 9, amount)];
            let mut standing: Vec<Vec<Line>> = Vec::new();
            for (quantity, is_reversal) in steps {
                if is_reversal && !standing.is_empty() {
                    let lines = standing.remove(usize::try_from(quantity).unwrap() % standing.len());
                    sale[0].refunded_milli += lines[0].quantity_milli;
                    sale[0].refunded_minor += lines[0].amount_minor;
                } else if let Ok(lines) = refund_lines(&sale, &some_of(1, quantity)) {
                    prop_assert!(lines[0].amount_minor <= 0);
                    note(&mut sale, &lines);
                    standing.push(lines);
                }
                prop_assert!((0..=amount).contains(&sale[0].refunded_minor));
                prop_assert!(sale[0].refunded_milli < 9 || sale[0].refunded_minor == amount);
            }
        }
    }
}
